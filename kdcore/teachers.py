"""Teachers: trained by the same loop as students, kept by content, asked once for each example."""

import hashlib
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from safetensors.torch import load_file
from torch import nn

from kdcore import datasets, modules
from kdcore.answering import Answers, Ensemble, asked, initial, noted, save, swapped, together
from kdcore.datasets import Dataset
from kdcore.experiment import Arm, Experiment, Teacher, Transfer
from kdcore.folders import ASSETS, data_folder
from kdcore.frame import Frame
from kdcore.signal import Signal, class_first

__all__ = [
    "Answers",
    "answers",
    "experiment_of",
    "initial",
    "is_cached",
    "swapped",
    "train",
    "trained",
    "untrained",
]

SINCE = ("taught_by", "lesson_temperature", "lesson_alpha", "members")
"""Fields that came later and are not in the keys of teachers without them, so that those kept before are found."""


def experiment_of(experiment: Experiment, teacher: Teacher | None = None) -> Experiment:
    """The teacher's own training, as an experiment with one arm and one seed; with lessons where it was taught."""
    teacher = teacher or experiment.teacher
    lesson = Arm("hinton", alpha=teacher.lesson_alpha, temperature=teacher.lesson_temperature)
    return Experiment(
        dataset=experiment.dataset,
        split=experiment.split,
        teacher=teacher.taught_by or teacher,
        student=teacher.network,
        transfer=Transfer(wrong=teacher.wrong_labels),
        arms=(lesson if teacher.taught_by else Arm("hard"),),
        control=teacher.taught_by is None,
        seeds=(teacher.seed,),
        steps=teacher.steps,
        epochs=teacher.epochs,
        learning_rate=teacher.learning_rate,
    )


def is_cached(dataset: str, split: int, teacher: Teacher) -> bool:
    """Whether this teacher is trained already, here or among the shipped ones; an ensemble, whether its members are."""
    if teacher.members:
        return all(is_cached(dataset, split, member) for member in teacher.members)
    return not _learns(teacher) or _found(_key(datasets.load(dataset, split), teacher)) is not None


def untrained(dataset: str, split: int, teacher: Teacher) -> tuple[Teacher, ...]:
    """Who has to learn before this teacher can be asked, in this order; whoever is kept, needs nobody behind it."""
    if is_cached(dataset, split, teacher):
        return ()
    before = [each for other in teacher.behind for each in untrained(dataset, split, other)]
    return tuple(dict.fromkeys([*before, *([] if teacher.members else [teacher])]))


def train(experiment: Experiment, teacher: Teacher | None = None, *, keep: Path | None = None) -> Iterator[Frame]:
    """Train a teacher with the one loop, yielding its frames, and keep its weights at the end.

    Whoever teaches it and is not kept yet, learns first, unseen. An ensemble learns nothing itself.
    keep: the folder for the weights, by default `teachers` under the data folder.
    """
    from kdcore.training import Training

    chosen = teacher or experiment.teacher
    own = experiment_of(experiment, chosen)
    training = Training(own, frames_every=0.1, solo=chosen.taught_by is None)
    yield from training
    folder = keep or data_folder() / "teachers"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{_key(datasets.load(own.dataset, own.split), chosen)}.safetensors"
    save({name: w.contiguous() for name, w in training.cohort.students.member(0).state_dict().items()}, file)


def trained(experiment: Experiment, teacher: Teacher | None = None) -> nn.Module | None:
    """A teacher's network with what it learnt, in eval mode; None where it is not trained yet, or where there are
    only its stored logits. Trains nothing."""
    chosen = teacher or experiment.teacher
    if chosen.network.kind == "table":
        return None
    return _loaded(datasets.load(experiment.dataset, experiment.split), chosen)


def _loaded(dataset: Dataset, teacher: Teacher) -> nn.Module | None:
    if teacher.members:
        members = [_loaded(dataset, member) for member in teacher.members]
        there = [member for member in members if member is not None]
        return Ensemble(there, teacher.members).eval() if len(there) == len(members) else None
    network = initial(dataset, teacher)
    if _learns(teacher):
        file = _found(_key(dataset, teacher))
        if file is None:
            return None
        network.load_state_dict(load_file(file))
    return network


def answers(experiment: Experiment, teacher: Teacher | None = None) -> Answers:
    """The teacher's answers to all examples; trains it first, and who stands behind it, where it is not kept yet."""
    chosen = teacher or experiment.teacher
    return _answers(experiment.dataset, experiment.split, chosen, str(data_folder()), _revisions(chosen))


def _revisions(teacher: Teacher) -> tuple[int, ...]:
    return tuple(modules.revision(each.network.kind) for each in teacher.lineage)


@lru_cache(maxsize=8)
def _answers(name: str, split: int, teacher: Teacher, folder: str, revisions: tuple[int, ...]) -> Answers:
    dataset = datasets.load(name, split)
    if teacher.network.kind == "table":
        assert dataset.teacher_logits is not None
        return noted(teacher, None, Signal(class_first(dataset.teacher_logits)), dataset)
    if teacher.members:
        parts = [_answers(name, split, member, folder, _revisions(member)) for member in teacher.members]
        return together(teacher, parts, dataset)
    network = _loaded(dataset, teacher)
    if network is None:
        for _ in train(Experiment(dataset=name, split=split, teacher=teacher, transfer=Transfer())):
            pass
        network = _loaded(dataset, teacher)
        assert network is not None
    signal = asked(network, dataset, Path(folder) / "teachers" / f"{_key(dataset, teacher)}.answers.safetensors")
    return noted(teacher, network, signal, dataset)


def _learns(teacher: Teacher) -> bool:
    """A budget of zero asks for an untrained teacher: initial weights, nothing to train or keep; a table has learnt."""
    return bool(teacher.steps or teacher.epochs) and teacher.network.kind != "table"


def _key(dataset: Dataset, teacher: Teacher) -> str:
    """Content of the data, network, seed, budget, lessons; what is done to its answers afterwards is no part of it."""
    trained = teacher.model_dump(exclude={"logit_noise", "swap", *SINCE})
    if teacher.taught_by:
        trained |= {"lesson": [teacher.lesson_temperature, teacher.lesson_alpha, _heard(dataset, teacher.taught_by)]}
    content = hashlib.sha256(json.dumps([dataset.name, trained], sort_keys=True).encode())
    told = [dataset.inputs[dataset.train], dataset.labels[dataset.train]]
    if modules.revision(teacher.network.kind):
        # Under the name of a module of one's own there may have been another one, yesterday.
        content.update(repr(own := initial(dataset, teacher)).encode())
        told += list(own.state_dict().values())
    for tensor in told:
        content.update(tensor.contiguous().numpy().tobytes())
    return content.hexdigest()[:24]


def _heard(dataset: Dataset, teacher: Teacher) -> list[object]:
    """Content of what a pupil of this teacher hears."""
    own = [_heard(dataset, member) for member in teacher.members] if teacher.members else _key(dataset, teacher)
    return [own, teacher.logit_noise, teacher.swap, teacher.seed]


def _found(key: str) -> Path | None:
    places = (data_folder() / "teachers", ASSETS / "teachers")
    return next((file for place in places if (file := place / f"{key}.safetensors").exists()), None)
