"""Which arm plays which part on the board, and what it is called there."""

from dataclasses import dataclass
from typing import Literal

from kdcore.experiment import Arm, Experiment

Part = Literal["distilled", "control", "null"]
LABELS = {
    "hinton": "opinions",
    "answers": "bare answers",
    "smoothed": "softness only",
    "shuffled": "shuffled opinions",
    "label_smoothing": "smoothed labels",
    "dkd": "decoupled opinions",
    "nkd": "normalised opinions",
    "dist": "correlations",
    "ttm": "softened teacher",
    "wttm": "weighted softened teacher",
    "jsd": "mixed opinions",
    "logit_mse": "matched logits",
    "logit_cosine": "direction of logits",
    "reverse_kl": "reverse KL",
    "skew_kl": "skew KL",
    "wsld": "weighted soft labels",
    "tf_kd": "invented teacher",
    "ctkd": "learnt temperature",
    "mlld": "three levels of opinions",
    "cakd": "strong and weak opinions",
    "rank": "ranked opinions",
    "uld": "sorted shares",
    "probability_shift": "repaired opinions",
    "dynamic_temperature": "temperature by example",
    "rectification": "rectified opinions",
    "bias": "repaired bias",
    "dynamic_objective": "layer or answers",
    "continuation": "growing teacher",
    "partial_teacher": "part of the teacher",
    "lelp": "invented subclasses",
    "teacher_annealing": "fading teacher",
    "delta": "shift of opinions",
    "sp": "alike as the teacher sees it",
    "cc": "congruent examples",
    "rkd": "distances and angles",
    "pkt": "neighbourhoods",
    "crd": "contrast",
    "fitnets": "hints",
    "attention": "attention maps",
    "vid": "shared information",
    "ab": "activation boundaries",
    "factor": "paraphrased features",
    "nst": "selective channels",
    "fsp": "flow between layers",
    "ofd": "overhauled features",
    "reviewkd": "reviewed layers",
    "simkd": "borrowed classifier",
    "unikd": "unified distributions",
    "input_gradient": "input gradients",
    "residual": "residual assistant",
    "early_stopped": "opinions for a while",
    "dynamic_teacher": "two teachers",
    "mutual": "a peer",
    "online_adapter": "an adapting teacher",
    "stagewise": "layer after layer",
    "condensed": "condensed inputs",
    "condensed_random": "inputs condensed by lot",
    "ascent": "inputs that climb",
    "ascent_random": "inputs that wander",
    "patient": "mixed inputs",
}

NATS = ("hinton", "hard", "answers", "smoothed", "shuffled", "label_smoothing", "tf_kd", "reverse_kl", "skew_kl", "jsd")


@dataclass(frozen=True)
class Role:
    """An arm as it is drawn: its name in the frames, its part, its label for people, its method."""

    name: str
    role: Part
    label: str
    method: str

    @property
    def in_nats(self) -> bool:
        """Whether the method's own loss is a cross-entropy or a divergence, so that it has the unit of the hard one."""
        return self.method in NATS


def roles_of(experiment: Experiment) -> tuple[Role, ...]:
    """The parts of all arms, in their order: the first that is not the control is the distilled student."""
    control = experiment.control_arm
    first = next((arm.name for arm in experiment.arms if arm.name != control), None)
    parts: dict[str | None, Part] = {first: "distilled", control: "control"}
    return tuple(Role(arm.name, parts.get(arm.name, "null"), _label(arm), arm.method) for arm in experiment.arms)


def find(roles: tuple[Role, ...], part: Part) -> Role | None:
    """The first arm that plays this part."""
    return next((role for role in roles if role.role == part), None)


def _label(arm: Arm) -> str:
    if arm.name != arm.method:
        return arm.name
    if arm.method == "hard":
        return "labels only"
    return LABELS.get(arm.method, arm.method.replace("_", " "))
