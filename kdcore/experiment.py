"""What to run, as plain data: frozen, validated with plain sentences, and exactly serialisable.

An impossible experiment is refused here, before anything is loaded or trained.
"""

import math
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, field_validator, model_validator

from kdcore import datasets, fitting, methods, modules, programmes
from kdcore.kinds import KINDS
from kdcore.parts import Arm, Network, Plain, Teacher, Transfer, as_teacher, one_budget

__all__ = ["Arm", "Command", "Experiment", "Network", "Teacher", "Transfer", "reasons"]

MAX_MEMBERS = 2048
MAX_PARAMETERS = 400_000_000
NOT_IN_A_TABLE = ("penultimate", "features", "maps", "input_gradient", "base")
"""What methods ask of a teacher that stored logits cannot give."""
CommandKind = Literal["set", "pause", "resume", "step", "stop", "pace", "stop_at", "show"]


def reasons(error: ValidationError) -> list[str]:
    """What was wrong, one plain sentence each, with the place where it stands."""
    sentences = []
    for problem in error.errors():
        place = ".".join(str(part) for part in problem["loc"] if not str(part).startswith("function-"))
        message = problem["msg"].removeprefix("Value error, ")
        given = "" if problem["type"] == "value_error" else f"; got {str(problem['input'])[:60]!r}"
        sentences.append(f"{place}: {message}{given}" if place else f"{message}{given}")
    return sentences


class Command(Plain):
    """What a person changes while a run goes on, with the step at which it took effect once that is known."""

    kind: CommandKind
    knob: Annotated[str, Field(max_length=60)] | None = None
    value: float | bool | str | None = None
    arm: Annotated[str, Field(max_length=40)] | None = None
    step: Annotated[int, Field(ge=0)] | None = None

    def __init__(self, kind: str = "", **fields: Any) -> None:
        super().__init__(**{"kind": kind, **fields})


class Experiment(Plain):
    """Arms x seeds of one student network, trained together. The default is "Thirty pictures"."""

    dataset: str = "digits"
    split: Annotated[int, Field(ge=0, le=1000)] = 0
    teacher: Teacher = Teacher()
    student: Network = Network("mlp", widths=(64,))
    transfer: Transfer = Transfer(per_class=3)
    arms: Annotated[tuple[Arm, ...], Field(min_length=1)] = (Arm("hinton"), Arm("hard"))
    control: bool = True
    seeds: Annotated[int, Field(ge=1, le=MAX_MEMBERS)] | tuple[Annotated[int, Field(ge=0, lt=2**31)], ...] = 8
    steps: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    epochs: Annotated[int, Field(ge=1, le=10_000)] | None = None
    batch_size: Annotated[int, Field(ge=1, le=4096)] = 64
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 3e-3
    optimizer: Literal["adam", "sgd"] = "adam"
    schedule: Literal["constant", "cosine"] = "constant"
    programme: str = "solo"

    @field_validator("teacher", mode="before")
    @classmethod
    def _trained(cls, teacher: Any) -> Any:
        return as_teacher(teacher)

    @field_validator("dataset")
    @classmethod
    def _known(cls, dataset: str) -> str:
        if not datasets.known(dataset):
            raise ValueError(f"there is no data set {dataset!r}; there are {', '.join(datasets.names())}")
        return dataset

    @field_validator("programme")
    @classmethod
    def _there(cls, programme: str) -> str:
        if programme not in programmes.names():
            raise ValueError(f"there is no programme {programme!r}; there are {', '.join(programmes.names())}")
        return programme

    @model_validator(mode="wrap")
    @classmethod
    def _whole(cls, given: Any, handler: ValidatorFunctionWrapHandler) -> Self:
        if isinstance(given, dict):
            given = _with_own_teacher(_with_control(dict(given)))
        experiment: Self = handler(given)
        _add_programme(experiment)
        _check_tables(experiment)
        _check_arms(experiment)
        _check_data(experiment)
        fitting.check(experiment)
        one_budget(experiment, "steps", 600)
        return experiment

    @property
    def seed_list(self) -> tuple[int, ...]:
        """The seeds, `range(seeds)` where a number was given."""
        return tuple(range(self.seeds)) if isinstance(self.seeds, int) else self.seeds

    @property
    def facts(self) -> datasets.Facts:
        """What is known of the data without loading them."""
        return datasets.facts(self.dataset)

    @property
    def teachers(self) -> tuple[Teacher, ...]:
        """Its own teacher, then those that arms have of their own; each once."""
        return tuple(dict.fromkeys([self.teacher, *(arm.teacher for arm in self.arms if arm.teacher)]))

    @property
    def transfer_size(self) -> int | None:
        """How many inputs the students hear; None where only the data can tell (all of some classes)."""
        if self.transfer.per_class is not None:
            return self.transfer.per_class * (len(self.facts.classes) - len(set(self.transfer.omit)))
        return self.transfer.n if self.transfer.n is not None else None if self.transfer.omit else self.facts.train

    def total_steps(self, transfer_size: int) -> int:
        """The budget in steps; an epoch is one pass over the transfer set."""
        if self.steps is not None:
            return self.steps
        return (self.epochs or 0) * math.ceil(transfer_size / self.batch_size)

    @property
    def control_arm(self) -> str | None:
        """The name of the arm that hears hard labels only, None where it was left out."""
        return next((arm.name for arm in self.arms if arm.method == "hard"), None)


def _with_control(given: dict[str, Any]) -> dict[str, Any]:
    arms = given.get("arms")
    if given.get("control", True) is not True or not isinstance(arms, list | tuple) or not arms:
        return given
    chosen = [arm.method if isinstance(arm, Arm) else arm.get("method") for arm in arms if isinstance(arm, Arm | dict)]
    return given if "hard" in chosen else given | {"arms": (*arms, Arm("hard"))}


def _with_own_teacher(given: dict[str, Any]) -> dict[str, Any]:
    """Where a teacher's answers come with the data, they teach unless another teacher is named."""
    name = given.get("dataset")
    if "teacher" in given or not isinstance(name, str) or not datasets.known(name):
        return given
    return given | {"teacher": Teacher(network=Network("table"))} if datasets.facts(name).stored_logits else given


def _add_programme(experiment: Experiment) -> None:
    """Add the arms of its programme, those left out that are there already by their names."""
    names = {arm.name for arm in experiment.arms}
    added = [arm for arm in programmes.get(experiment.programme).arms(experiment) if arm.name not in names]
    if added:
        object.__setattr__(experiment, "arms", (*experiment.arms, *added))


def _teachers(experiment: Experiment) -> list[Teacher]:
    """Its own teacher and those of its arms, with everybody who stands behind them."""
    return [each for teacher in experiment.teachers for each in teacher.lineage]


def _check_arms(experiment: Experiment) -> None:
    names = [arm.name for arm in experiment.arms]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"arms need different names; {twice[0]!r} stands twice")
    seeds = experiment.seed_list
    if not seeds or len(set(seeds)) < len(seeds):
        raise ValueError("seeds must be at least one number, each only once")
    if len(names) * len(seeds) > MAX_MEMBERS:
        raise ValueError(f"{len(names)} arms x {len(seeds)} seeds are more than {MAX_MEMBERS} students")
    for network in (experiment.student, *(teacher.network for teacher in _teachers(experiment))):
        if network.kind in KINDS and KINDS[network.kind].pictures and len(experiment.facts.input_shape) != 3:
            raise ValueError(f"a {network.kind} needs pictures; {experiment.dataset} has none")
    parameters = parameters_of(experiment.student, experiment.facts)
    if parameters * len(names) * len(seeds) > MAX_PARAMETERS:
        raise ValueError(f"{len(names)} arms x {len(seeds)} seeds of {parameters:,} weights do not fit in memory")


def _check_tables(experiment: Experiment) -> None:
    """Stored logits cannot learn, cannot be had where none are stored, and have no layers to compare."""
    if experiment.student.kind == "table":
        raise ValueError("stored logits cannot learn; a student must be a network, such as mlp")
    teachers = [arm.teacher or experiment.teacher for arm in experiment.arms]
    tables = [teacher for teacher in _teachers(experiment) if teacher.network.kind == "table"]
    if tables and not experiment.facts.stored_logits:
        raise ValueError(f"no teacher's logits are stored with {experiment.dataset}; its teacher must be a network")
    for arm, teacher in zip(experiment.arms, teachers, strict=True):
        method = methods.get(arm.method)
        lacking = [name for name in (*method.needs, *method.supplied) if name in NOT_IN_A_TABLE]
        if teacher in tables and lacking:
            raise ValueError(f"{method.name} needs the teacher's {lacking[0]}; stored logits have none")
        if teacher in tables and method.view:
            raise ValueError(f"{method.name} asks its teacher about new inputs; stored logits have no answer to them")


def parameters_of(network: Network, facts: datasets.Facts) -> int:
    """About how many weights a network has, biases left out."""
    if network.kind not in KINDS:
        return modules.parameters(network.kind, facts.input_shape, len(facts.classes))
    return KINDS[network.kind].parameters(network.widths, facts.input_shape, len(facts.classes))


def units_of(network: Network, facts: datasets.Facts) -> tuple[int, ...]:
    """How many numbers each hidden layer holds for one example; of a module of somebody's own a guess."""
    if network.kind in KINDS:
        return KINDS[network.kind].units(network.widths, facts.input_shape)
    return (4 * math.prod(facts.input_shape),) * 2


def _check_data(experiment: Experiment) -> None:
    facts, transfer = experiment.facts, experiment.transfer
    classes = len(facts.classes)
    swapped = [number for teacher in _teachers(experiment) for pair in teacher.swap for number in pair]
    for number in (*transfer.omit, *swapped):
        if not 0 <= number < classes:
            raise ValueError(f"{experiment.dataset} has the classes 0 to {classes - 1}; got {number}")
    kept = classes - len(set(transfer.omit))
    if kept == 0:
        raise ValueError("all classes are omitted; at least one must be left in the transfer set")
    if (transfer.n or 0) > facts.train:
        raise ValueError(f"{experiment.dataset} has {facts.train} train examples; {transfer.n} were asked for")
    if (transfer.per_class or 0) > facts.smallest_class:
        raise ValueError(
            f"every class of {experiment.dataset} has at least {facts.smallest_class} train examples; "
            f"{transfer.per_class} a class were asked for"
        )
    size = experiment.transfer_size or facts.train
    if transfer.labels is not None and transfer.labels > size:
        raise ValueError(f"{transfer.labels} labels cannot be kept on {size} transfer examples")
