"""The loss of an arm as a few lines of plain torch, to be copied into a training loop of one's own.

What is written here is computed once more in the tests and compared with what the cohort trains with.
"""

from kdcore.experiment import Arm
from kdcore.export.written import IMPORTS, written
from kdcore.methods import get

SIGNATURE = '''

def loss(student_logits, teacher_logits, labels{progress}):
    """{about}

    Both logits are [batch, class], labels are [batch], -1 where an example has none. Returns one number.{share}
    """
'''
SHARE = """
    progress is the share of the training that is over, from 0 at its first step to 1."""
HARD = """\
    labelled = (labels >= 0).sum().clamp(min=1)
    hard = functional.cross_entropy(student_logits, labels, ignore_index=-1, reduction="sum") / labelled
"""
SOFT = """\
    T = {temperature!r}
    teacher = {target}
    student = functional.log_softmax(student_logits / T, dim=-1)
    soft = functional.kl_div(student, teacher, log_target=True, reduction="batchmean"){t_squared}
"""
TEACHER = "functional.log_softmax(teacher_logits / T, dim=-1)"
STANDARDISED = """\
    student_logits, teacher_logits = (
        (z - z.mean(-1, keepdim=True)) / (z.std(-1, keepdim=True) + 1e-7) for z in (student_logits, teacher_logits)
    )
"""
ANSWERS = """\
    soft = functional.cross_entropy(student_logits, teacher_logits.argmax(-1))
"""
UNIFORM = """\
    uniform = -functional.log_softmax(student_logits, dim=-1).mean(-1)
    soft = (uniform * (labels >= 0)).sum() / labelled
"""
SAME_SOFTNESS = '''

def without_opinions(log_probabilities):
    """As sure and as soft as these [batch, class], all wrong classes alike; the entropy is looked up in a table."""
    classes = log_probabilities.shape[-1]
    heights = torch.linspace(60, 0, 4096, dtype=torch.float64)
    table = torch.distributions.Categorical(logits=functional.pad(heights[:, None], (0, classes - 1))).entropy()
    wanted = torch.distributions.Categorical(logits=log_probabilities.double()).entropy()
    right = torch.searchsorted(table, wanted).clamp(1, len(table) - 1)
    share = ((wanted - table[right - 1]) / (table[right] - table[right - 1]).clamp_min(1e-300)).clamp(0, 1)
    height = torch.lerp(heights[right - 1], heights[right], share).to(log_probabilities.dtype)
    first = log_probabilities.argmax(-1, keepdim=True)
    return functional.log_softmax(torch.zeros_like(log_probabilities).scatter(-1, first, height[:, None]), dim=-1)
'''
WRONG_PLACES = '''

def exchanged(all_teacher_logits):
    """What the teacher says about every example of the data, [example, class], its wrong classes exchanged.

    The order is drawn once for each example. Call this once, and give `loss` the rows of its result for a batch.
    """
    first = all_teacher_logits.argmax(-1, keepdim=True)
    luck = torch.rand(all_teacher_logits.shape, generator=torch.Generator().manual_seed(20150309))
    drawn = luck.scatter(-1, first, -1.0).argsort(-1)
    places = torch.arange(luck.shape[-1]).expand_as(drawn).scatter(-1, first, -1).sort(-1).values
    places[:, :1] = first
    return all_teacher_logits.gather(-1, torch.empty_like(drawn).scatter(-1, places, drawn))
'''


def loss_code(arm: Arm) -> str:
    """Python source of `loss(student_logits, teacher_logits, labels)`: this arm's loss with its numbers.

    A method that changes over time gets a fourth parameter, `progress`. Raises ValueError with a sentence for the
    reader where a method cannot be such a function.
    """
    imports, before, about, soft = "", "", "", ""
    match arm.method:
        case "hard":
            about = "Cross-entropy with the labels, over the labelled examples."
        case "label_smoothing":
            about, soft = "Cross-entropy with the labels and with the uniform distribution.", UNIFORM
        case "answers":
            about, soft = "Cross-entropy with the labels and with the teacher's first choice.", ANSWERS
        case "hinton":
            about, soft = "Cross-entropy with the labels and KL to the teacher's soft labels at T.", _soft(arm, TEACHER)
        case "smoothed":
            before, about = SAME_SOFTNESS, "As Hinton's loss, towards a teacher without opinions about wrong classes."
            soft = _soft(arm, f"without_opinions({TEACHER})")
        case "shuffled":
            before, about = WRONG_PLACES, "As Hinton's loss; teacher_logits are rows of what `exchanged` returned."
            soft = _soft(arm, TEACHER)
        case _:
            before, soft = written(arm)
            imports, about = IMPORTS, get(arm.method).about
    imports = imports or ("import torch\n" if before else "")
    if arm.knobs.get("standardise"):
        soft = STANDARDISED + soft
    weighed = f"{arm.hard_weight!r} * hard" + (f" + {arm.weight!r} * soft" if soft else "")
    moves = "progress" in get(arm.method).supplied
    signature = SIGNATURE.format(about=about, progress=", progress" if moves else "", share=SHARE if moves else "")
    return f"{imports}from torch.nn import functional\n{before}{signature}{HARD}{soft}    return {weighed}\n"


def _soft(arm: Arm, target: str) -> str:
    t_squared = " * T**2" if arm.knobs["t_squared"] else "  # without T**2: the gradient shrinks as T grows"
    return SOFT.format(temperature=arm.knobs["temperature"], target=target, t_squared=t_squared)
