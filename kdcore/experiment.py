"""What to run, as plain data: frozen, validated with plain sentences, and exactly serialisable.

An impossible experiment is refused here, before anything is loaded or trained.
"""

import math
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)

from kdcore import datasets, methods

MAX_MEMBERS = 2048
MAX_PARAMETERS = 400_000_000
CommandKind = Literal["set", "pause", "resume", "step", "stop", "pace", "stop_at", "show"]


class Plain(BaseModel):
    """A frozen record: equal by content, exactly the same after JSON, with no field it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def reasons(error: ValidationError) -> list[str]:
    """What was wrong, one plain sentence each, with the place where it stands."""
    sentences = []
    for problem in error.errors():
        place = ".".join(str(part) for part in problem["loc"] if not str(part).startswith("function-"))
        message = problem["msg"].removeprefix("Value error, ")
        given = "" if problem["type"] == "value_error" else f"; got {str(problem['input'])[:60]!r}"
        sentences.append(f"{place}: {message}{given}" if place else f"{message}{given}")
    return sentences


def _as_teacher(teacher: Any) -> Any:
    """A plain network stands for its default training."""
    if isinstance(teacher, Network):
        return Teacher(network=teacher)
    if isinstance(teacher, dict) and "kind" in teacher:
        return {"network": teacher}
    return teacher


def _one_budget(record: Any, default: str, amount: int) -> None:
    if record.steps is not None and record.epochs is not None:
        raise ValueError("give either steps or epochs, not both")
    if record.steps is None and record.epochs is None:
        object.__setattr__(record, default, amount)


class Network(Plain):
    """A network by kind: `mlp` with the widths of its hidden layers, `cnn` with the channels of its convolutions."""

    kind: str
    widths: Annotated[tuple[Annotated[int, Field(ge=1, le=4096)], ...], Field(max_length=8)] = (64,)
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    norm: Literal["none", "group"] = "none"

    def __init__(self, kind: str = "mlp", **fields: Any) -> None:
        super().__init__(**{"kind": kind, **fields})

    @field_validator("kind")
    @classmethod
    def _known(cls, kind: str) -> str:
        if kind not in ("mlp", "cnn"):
            raise ValueError(f"there is no network {kind!r}; there are mlp, cnn")
        return kind

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.kind == "mlp" and self.norm != "none":
            raise ValueError(f"an mlp has no normalisation; got norm={self.norm!r}")
        if self.kind == "cnn" and not self.widths:
            raise ValueError("a cnn needs the channels of at least one convolution; got no widths")
        return self

    @property
    def name(self) -> str:
        """A short name for people: "MLP 256-256"."""
        return f"{self.kind.upper()} {'-'.join(map(str, self.widths))}" if self.widths else "linear"


class Teacher(Plain):
    """A network and how it is trained: always on the whole train split, whatever the transfer set says.

    wrong_labels: share of train labels that are replaced by a wrong one, the same ones whatever the seed.
    logit_noise: standard deviation of a fixed noise on its logits, one draw for each example.
    swap: pairs of classes whose answers it exchanges.
    """

    network: Network = Network("mlp", widths=(256, 256), dropout=0.3)
    steps: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    epochs: Annotated[int, Field(ge=0, le=10_000)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    wrong_labels: Annotated[float, Field(ge=0, le=1)] = 0.0
    logit_noise: Annotated[float, Field(ge=0, le=100)] = 0.0
    swap: tuple[tuple[int, int], ...] = ()
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 1e-3

    @model_validator(mode="after")
    def _budget(self) -> Self:
        _one_budget(self, "steps", 960)
        return self


class Transfer(Plain):
    """The inputs on which a student hears its teacher, and which of their labels it hears.

    per_class or n: how many are drawn (all if neither is given); labels: how many of them keep their label;
    omit: classes left out; wrong: share of the kept labels that are wrong; same_for_all: one draw for all seeds.
    """

    per_class: Annotated[int, Field(ge=1)] | None = None
    n: Annotated[int, Field(ge=1)] | None = None
    labels: Annotated[int, Field(ge=0)] | None = None
    omit: tuple[int, ...] = ()
    wrong: Annotated[float, Field(ge=0, le=1)] = 0.0
    same_for_all: bool = False

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        if self.per_class is not None and self.n is not None:
            raise ValueError("give either per_class or n, not both")
        return self

    @property
    def drawn(self) -> bool:
        """Whether each seed draws its own inputs (or labels) rather than taking all there are."""
        return self.per_class is not None or self.n is not None or self.labels is not None


class Arm(Plain):
    """One treatment: a method with its knobs. `alpha` is shorthand for `hard_weight = 1 - alpha, weight = alpha`."""

    method: str
    name: Annotated[str, Field(max_length=40)] = ""
    hard_weight: Annotated[float, Field(ge=0, le=1e6)] = 1.0
    weight: Annotated[float, Field(ge=0, le=1e6)] = 1.0
    teacher: Teacher | None = None
    learning_rate: Annotated[float, Field(gt=0, le=10)] | None = None
    knobs: dict[str, float | bool] = {}

    def __init__(self, method: str = "", name: str = "", **fields: Any) -> None:
        super().__init__(**{"method": method, "name": name, **fields})

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        fields = dict(given)
        try:
            declared = methods.get(str(fields.get("method", "")))
        except KeyError as error:
            raise ValueError(error.args[0]) from None
        if "alpha" in fields:
            if "weight" in fields or "hard_weight" in fields:
                raise ValueError("give either alpha or hard_weight and weight, not both")
            alpha = fields.pop("alpha")
            if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0 <= alpha <= 1:
                raise ValueError(f"alpha must lie in [0, 1]; got {alpha!r}")
            fields["hard_weight"], fields["weight"] = round(1 - alpha, 12), float(alpha)
        fields.setdefault("hard_weight", declared.hard_weight)
        fields.setdefault("weight", declared.weight)
        knobs = {name: knob.default for name, knob in declared.knobs.items()} | dict(fields.pop("knobs", {}))
        knobs |= {name: fields.pop(name) for name in list(fields) if name not in cls.model_fields}
        for name, value in knobs.items():
            if name not in declared.knobs:
                known = ", ".join(declared.knobs) or "none"
                raise ValueError(f"{declared.name} has no knob {name!r}; it has {known}")
            knobs[name] = declared.knobs[name].check(value)
        return fields | {"knobs": knobs, "name": fields.get("name") or declared.name}

    @field_validator("teacher", mode="before")
    @classmethod
    def _trained(cls, teacher: Any) -> Any:
        return _as_teacher(teacher)

    @property
    def hears_teacher(self) -> bool:
        """Whether anything of a teacher reaches this arm's students."""
        return methods.get(self.method).hears_teacher


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
    programme: Literal["solo"] = "solo"

    @field_validator("teacher", mode="before")
    @classmethod
    def _trained(cls, teacher: Any) -> Any:
        return _as_teacher(teacher)

    @field_validator("dataset")
    @classmethod
    def _known(cls, dataset: str) -> str:
        if dataset not in datasets.names():
            raise ValueError(f"there is no data set {dataset!r}; there are {', '.join(datasets.names())}")
        return dataset

    @model_validator(mode="wrap")
    @classmethod
    def _whole(cls, given: Any, handler: ValidatorFunctionWrapHandler) -> Self:
        if isinstance(given, dict):
            given = _with_control(dict(given))
        experiment: Self = handler(given)
        _check_arms(experiment)
        _check_data(experiment)
        _one_budget(experiment, "steps", 600)
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
    parameters = _parameters(experiment.student, experiment.facts)
    if parameters * len(names) * len(seeds) > MAX_PARAMETERS:
        raise ValueError(f"{len(names)} arms x {len(seeds)} seeds of {parameters:,} weights do not fit in memory")
    for network in (experiment.student, experiment.teacher.network):
        if network.kind == "cnn" and len(experiment.facts.input_shape) != 3:
            raise ValueError(f"a cnn needs pictures; {experiment.dataset} has none")


def _parameters(network: Network, facts: datasets.Facts) -> int:
    """About how many weights a network has, biases left out."""
    if network.kind == "mlp":
        widths = [math.prod(facts.input_shape), *network.widths, len(facts.classes)]
        return sum(a * b for a, b in pairwise(widths))
    return sum(9 * a * b for a, b in pairwise([facts.input_shape[0], *network.widths]))


def _check_data(experiment: Experiment) -> None:
    facts, transfer = experiment.facts, experiment.transfer
    classes = len(facts.classes)
    teachers = [experiment.teacher, *(arm.teacher for arm in experiment.arms if arm.teacher)]
    swapped = [number for teacher in teachers for pair in teacher.swap for number in pair]
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
