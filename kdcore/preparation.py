"""Everything a training needs before its first step: data, transfer set, and what the teachers say."""

from dataclasses import dataclass

from kdcore import datasets, teachers
from kdcore.datasets import Dataset
from kdcore.experiment import Experiment, Teacher
from kdcore.transfer import TransferSet, draw

LIVE_TEST_LIMIT = 2000
"""Above this many test examples, live points use a fixed subset; the last frame uses all."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """answers: what each teacher of the experiment says about every example; empty for a teacher's own training."""

    experiment: Experiment
    dataset: Dataset
    transfer_set: TransferSet
    answers: dict[Teacher, teachers.Answers]
    steps: int


def prepare(experiment: Experiment, *, solo: bool = False) -> Prepared:
    """Load the data, draw the transfer sets, train or load the teachers.

    solo: nobody teaches, as when a teacher itself is trained. Raises datasets.Missing or Malformed.
    """
    dataset = datasets.load(experiment.dataset, experiment.split)
    transfer_set = draw(experiment.transfer, dataset, experiment.seed_list, experiment.batch_size)
    answers = {}
    if not solo:
        answers = {teacher: teachers.answers(experiment, teacher) for teacher in experiment.teachers}
    return Prepared(experiment, dataset, transfer_set, answers, experiment.total_steps(transfer_set.size))
