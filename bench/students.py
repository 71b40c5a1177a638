"""128 students at once (digits, MLP 64-32-10, batch 64, Adam, a temperature and an alpha each).

Against the same students one by one in a lean loop (cached teacher, fused Adam, tensors indexed directly), and against
the bare batched matrix products of the cohort's forward and backward.
"""

import torch
from torch.nn import functional

from bench.measuring import in_turns, line
from kdcore import Arm, Experiment, Network, Transfer
from kdcore.cohort import Cohort
from kdcore.networks import build
from kdcore.training import Prepared, prepare

STUDENTS, STEPS = 128, 20


def experiment() -> Experiment:
    """One arm for each student, all on the same batches."""
    arms = tuple(
        Arm("hinton", name=f"{i}", temperature=(0.5, 1, 2, 3, 4, 6, 8, 12, 16, 32, 64)[i % 11], alpha=(i % 12) / 11)
        for i in range(STUDENTS)
    )
    student = Network("mlp", widths=(32,))
    return Experiment(student=student, transfer=Transfer(), arms=arms, control=False, seeds=1, steps=10_000)


def lean(prepared: Prepared, students: int) -> None:
    """The same steps, one student after the other, as a careful person would write them in plain torch."""
    dataset, heard = prepared.dataset, prepared.transfer_set
    teacher_logits = prepared.answers[prepared.experiment.teacher].signal.logits
    for arm in prepared.experiment.arms[:students]:
        network = build(prepared.experiment.student, dataset.facts.input_shape, 10)
        optimizer = torch.optim.Adam(network.parameters(), lr=3e-3, fused=True)
        temperature = float(arm.knobs["temperature"])
        for step in range(STEPS):
            ids, labels = (tensor[0] for tensor in heard.batch(step))
            logits = network(dataset.inputs[ids]).logits
            soft = functional.kl_div(
                functional.log_softmax(logits / temperature, -1),
                functional.log_softmax(teacher_logits[ids] / temperature, -1),
                reduction="batchmean",
                log_target=True,
            )
            loss = arm.hard_weight * functional.cross_entropy(logits, labels) + arm.weight * temperature**2 * soft
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()


def bare_products() -> None:
    """The batched matrix products of one step's forward and backward, nothing else."""
    inputs, hidden, out = (torch.zeros(STUDENTS, 64, n) for n in (64, 32, 10))
    first, second = torch.zeros(STUDENTS, 32, 64), torch.zeros(STUDENTS, 10, 32)
    for _ in range(STEPS):
        torch.bmm(inputs, first.mT)
        torch.bmm(hidden, second.mT)
        torch.bmm(out.mT, hidden)
        torch.bmm(out, second)
        torch.bmm(hidden.mT, inputs)


def main() -> None:
    prepared = prepare(experiment())
    cohort = Cohort(prepared)
    few = 8

    def together() -> None:
        for step in range(STEPS):
            cohort.advance(step)

    seconds = in_turns({"cohort": together, "lean": lambda: lean(prepared, few), "products": bare_products})
    per_step = {name: taken / STEPS for name, taken in seconds.items()}
    microseconds = per_step["cohort"] / STUDENTS * 1e6
    line("cohort of 128, microseconds per student and step", f"{microseconds:.1f}", "about 27")
    ratio = per_step["lean"] / few * STUDENTS / per_step["cohort"]
    line("128 students: lean one-by-one loop / cohort", f"{ratio:.1f}x", "20x at least, 25x good")
    line(
        "128 students: cohort / bare matrix products", f"{per_step['cohort'] / per_step['products']:.1f}x", "5x at most"
    )


if __name__ == "__main__":
    main()
