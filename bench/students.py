"""128 students at once (digits, MLP 64-32-10, batch 64, Adam, a temperature and an alpha each).

Against the same students one by one in a lean loop (cached teacher, fused Adam, tensors indexed directly), and against
the bare batched matrix products of the cohort's forward and backward.
"""

import itertools
from collections.abc import Iterator

import torch
from torch import nn
from torch.nn import functional

from bench.measuring import in_turns, line, on_threads
from kdcore import Arm, Experiment, Network, Transfer
from kdcore.cohort import Cohort
from kdcore.training import Prepared, prepare

STUDENTS, FEW = 128, 8
"""Of the lean loop's students a few are timed in a turn; the others would take as long each."""
BATCH, STEPS = 64, 15
"""One epoch over 960 pictures."""


def experiment() -> Experiment:
    """One arm for each student, all on the same batches."""
    arms = tuple(
        Arm("hinton", name=f"{i}", temperature=(0.5, 1, 2, 3, 4, 6, 8, 12, 16, 32, 64)[i % 11], alpha=(i % 12) / 11)
        for i in range(STUDENTS)
    )
    student = Network("mlp", widths=(32,))
    return Experiment(
        student=student, transfer=Transfer(n=BATCH * STEPS), arms=arms, control=False, seeds=1, steps=10_000
    )


class Lean:
    """The same steps, one student after the other, as a careful person would write them in plain torch.

    The first students of an experiment with one hidden layer on digits, 15 steps of each at a call.
    """

    def __init__(self, prepared: Prepared) -> None:
        dataset, heard = prepared.dataset, prepared.transfer_set.ids[0]
        self.inputs, self.labels = dataset.inputs[heard].flatten(1), prepared.transfer_set.labels[0]
        self.teacher_logits = prepared.answers[prepared.experiment.teacher].signal.logits[heard].contiguous()
        (width,), self.batch = prepared.experiment.student.widths, prepared.experiment.batch_size
        self.students = []
        for arm in prepared.experiment.arms[:FEW]:
            network = nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))
            optimizer = torch.optim.Adam(network.parameters(), lr=3e-3, fused=True)
            self.students.append((arm, float(arm.knobs["temperature"]), network, optimizer))

    def __call__(self) -> None:
        for arm, temperature, network, optimizer in self.students:
            order = torch.randperm(len(self.inputs))
            for step in range(STEPS):
                ids = order[step * self.batch : (step + 1) * self.batch]
                logits = network(self.inputs[ids])
                soft = functional.kl_div(
                    functional.log_softmax(logits / temperature, -1),
                    functional.log_softmax(self.teacher_logits[ids] / temperature, -1),
                    reduction="batchmean",
                    log_target=True,
                )
                hard = functional.cross_entropy(logits, self.labels[ids])
                loss = arm.hard_weight * hard + arm.weight * temperature**2 * soft
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()


def bare_products() -> None:
    """The batched matrix products of one step's forward and backward, nothing else."""
    inputs, hidden, out = (torch.ones(STUDENTS, BATCH, n) for n in (64, 32, 10))
    first, second = torch.ones(STUDENTS, 32, 64), torch.ones(STUDENTS, 10, 32)
    for _ in range(STEPS):
        torch.bmm(inputs, first.mT)
        torch.bmm(hidden, second.mT)
        torch.bmm(out.mT, hidden)
        torch.bmm(out, second)
        torch.bmm(hidden.mT, inputs)


def main() -> None:
    prepared = prepare(experiment())
    for threads in on_threads():
        cohort, steps = Cohort(prepared), itertools.count()

        def together(cohort: Cohort = cohort, steps: Iterator[int] = steps) -> None:
            for _ in range(STEPS):
                cohort.advance(next(steps))

        rounds = in_turns({"cohort": together, "lean": Lean(prepared), "products": bare_products})
        microseconds = rounds.seconds("cohort") / STEPS / STUDENTS * 1e6
        line(f"128 students, {threads}: microseconds per student and step", f"{microseconds:.1f}", "-")
        ratio, middle = rounds.ratio("lean", "cohort", times=STUDENTS / FEW)
        line(f"128 students, {threads}: lean one-by-one loop / cohort", f"{ratio:.1f}x", "20x, 25x good", middle)
        ratio, middle = rounds.ratio("cohort", "products")
        line(f"128 students, {threads}: cohort / bare matrix products", f"{ratio:.1f}x", "5x, 3x excellent", middle)


if __name__ == "__main__":
    main()
