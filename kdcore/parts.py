"""What an experiment is made of: networks, teachers, transfer sets and arms, as plain frozen records."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from kdcore import methods, modules
from kdcore.kinds import DEEPEST, KINDS, deepest

MOST_TEACHERS, MOST_GENERATIONS = 64, 16
"""So many teachers may stand behind a student: all of them learn before it does."""


class Plain(BaseModel):
    """A frozen record: equal by content, exactly the same after JSON, with no field it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def as_teacher(teacher: Any) -> Any:
    """A plain network stands for its default training."""
    if isinstance(teacher, Network):
        return Teacher(network=teacher)
    if isinstance(teacher, dict) and "kind" in teacher:
        return {"network": teacher}
    return teacher


def one_budget(record: Any, default: str, amount: int) -> None:
    """Either steps or epochs; where neither is given, the default."""
    if record.steps is not None and record.epochs is not None:
        raise ValueError("give either steps or epochs, not both")
    if record.steps is None and record.epochs is None:
        object.__setattr__(record, default, amount)


class Network(Plain):
    """A network by kind: `mlp`, `resmlp` and `plainmlp` with the widths of their hidden layers, `cnn` with the channels
    of its convolutions, `rescnn` and `plaincnn` with those of their blocks, `vit` with its width, depth and heads.

    `table`, as a teacher's: no network but the logits that are stored with the data. Any other kind is the name of a
    module of one's own, see `from_module`.
    """

    kind: str
    widths: Annotated[tuple[Annotated[int, Field(ge=1, le=4096)], ...], Field(max_length=DEEPEST)] = (64,)
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    norm: Literal["none", "group"] = "none"

    def __init__(self, kind: str = "mlp", **fields: Any) -> None:
        super().__init__(**{"kind": kind, **fields})

    @field_validator("kind")
    @classmethod
    def _known(cls, kind: str) -> str:
        there = [*KINDS, "table", *modules.names()]
        if kind not in there:
            raise ValueError(
                f"there is no network {kind!r}; there are {', '.join(there)}. A module of one's own must first be "
                "registered in this process, with Network.from_module"
            )
        return kind

    @classmethod
    def from_module(cls, factory: Callable[..., Any], name: str | None = None) -> "Network":
        """A torch module of one's own as student or teacher, known by its name in this process; JSON carries the name.

        factory: called as `factory()`, or as `factory(input_shape, classes)` where it requires two arguments. It makes
        a new module each time, whose forward takes `[batch, *input]` and returns logits `[batch, class]` or a Signal.
        Buffers (BatchNorm) and dropout are refused when an experiment is made of it.
        """
        return cls(kind=modules.register(factory, name), widths=())

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.kind == "table":
            object.__setattr__(self, "widths", ())
        if self.kind not in KINDS:
            return self
        article = "an" if self.kind == "mlp" else "a"
        if self.kind in ("mlp", "resmlp", "plainmlp") and self.norm != "none":
            raise ValueError(f"{article} {self.kind} has no normalisation; got norm={self.norm!r}")
        if self.kind not in ("mlp", "cnn") and self.norm != "none":
            raise ValueError(f"a {self.kind} has its own normalisation; got norm={self.norm!r}")
        if len(self.widths) > deepest(self.kind):
            raise ValueError(f"{article} {self.kind} has at most {deepest(self.kind)} widths; got {len(self.widths)}")
        if wrong := KINDS[self.kind].wrong(self.widths):
            raise ValueError(f"{article} {self.kind} {wrong}")
        return self

    @property
    def name(self) -> str:
        """A short name for people: "MLP 256-256"."""
        if self.kind == "table":
            return "stored logits"
        if self.kind not in KINDS:
            return self.kind
        if not self.widths:
            return "linear"
        many = len(self.widths) > 4 and len(set(self.widths)) == 1
        widths = f"{len(self.widths)} x {self.widths[0]}" if many else "-".join(map(str, self.widths))
        return f"{KINDS[self.kind].title} {widths}"


class Teacher(Plain):
    """A network and how it is trained: always on the whole train split, whatever the transfer set says.

    With `Network("table")` nothing is trained: it says what is stored with the data.

    wrong_labels: share of train labels that are replaced by a wrong one, the same ones whatever the seed.
    logit_noise: standard deviation of a fixed noise on its logits, one draw for each example.
    swap: pairs of classes whose answers it exchanges.
    taught_by: whoever taught it, where it was a student itself: by `hinton` at lesson_temperature, with the weight
    lesson_alpha on the soft part. members: an ensemble, which says the mean of its members' logits and learns nothing
    itself, so it has no network, seed or budget of its own; `network` is then that of its first member.
    """

    network: Network = Network("mlp", widths=(256, 256), dropout=0.3)
    steps: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    epochs: Annotated[int, Field(ge=0, le=10_000)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    wrong_labels: Annotated[float, Field(ge=0, le=1)] = 0.0
    logit_noise: Annotated[float, Field(ge=0, le=100)] = 0.0
    swap: tuple[tuple[int, int], ...] = ()
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 1e-3
    taught_by: "Teacher | None" = None
    lesson_temperature: Annotated[float, Field(ge=0.25, le=64)] = 4.0
    lesson_alpha: Annotated[float, Field(ge=0, le=1)] = 0.9
    members: "tuple[Teacher, ...]" = ()

    @field_validator("taught_by", mode="before")
    @classmethod
    def _trained(cls, teacher: Any) -> Any:
        return as_teacher(teacher)

    @field_validator("members", mode="before")
    @classmethod
    def _each_trained(cls, members: Any) -> Any:
        return tuple(map(as_teacher, members)) if isinstance(members, list | tuple) else members

    @model_validator(mode="after")
    def _budget(self) -> Self:
        if self.network.kind == "table" and self.wrong_labels:
            raise ValueError(f"stored logits have learnt already; got wrong_labels={self.wrong_labels}")
        if self.members:
            self._be_an_ensemble()
        elif self.taught_by is None and (self.lesson_temperature, self.lesson_alpha) != (4.0, 0.9):
            raise ValueError("lesson_temperature and lesson_alpha say how taught_by taught; nobody taught this teacher")
        elif self.taught_by is not None and self.network.kind == "table":
            raise ValueError("stored logits have learnt already; nobody can teach them")
        one_budget(self, "steps", 960)
        many, deep = self._count()
        if many > MOST_TEACHERS or deep > MOST_GENERATIONS:
            raise ValueError(
                f"at most {MOST_TEACHERS} teachers in {MOST_GENERATIONS} generations may stand behind a student; "
                f"got {many} in {deep}"
            )
        return self

    def _be_an_ensemble(self) -> None:
        """Refuse what only a network that learns can have, and take on the first member's network."""
        if self.taught_by is not None:
            raise ValueError("an ensemble learns nothing itself; give its members taught_by")
        if len(self.members) < 2:
            raise ValueError("an ensemble has at least two members; got one")
        if any(teacher.network.kind == "table" for teacher in self.members):
            raise ValueError("the members of an ensemble must be networks; stored logits are none")
        first = self.members[0].network
        usual = {"steps": 0, "epochs": None, "seed": 0, "wrong_labels": 0.0, "learning_rate": 1e-3, "network": first}
        usual |= {"lesson_temperature": 4.0, "lesson_alpha": 0.9}
        for name, value in usual.items():
            if name in self.model_fields_set and getattr(self, name) != value:
                raise ValueError(f"an ensemble learns nothing itself; give its members {name}, not the ensemble")
            object.__setattr__(self, name, value)

    @property
    def behind(self) -> "tuple[Teacher, ...]":
        """Those of whom this teacher is made: who taught it, or its members."""
        return (self.taught_by,) if self.taught_by else self.members

    @property
    def lineage(self) -> "tuple[Teacher, ...]":
        """This teacher and all those behind it, each once, in an order in which they can learn; itself the last."""
        return tuple(dict.fromkeys([*(each for teacher in self.behind for each in teacher.lineage), self]))

    def _count(self) -> tuple[int, int]:
        """How many teachers there are, itself among them, and in how many generations; one met twice counts twice."""
        counts = [teacher._count() for teacher in self.behind]
        return 1 + sum(many for many, _ in counts), 1 + max((deep for _, deep in counts), default=0)

    @property
    def name(self) -> str:
        """A short name for people: "MLP 256-256", "MLP 64 taught by MLP 256-256", "ensemble of 3"."""
        if self.members:
            return f"ensemble of {len(self.members)}"
        return f"{self.network.name} taught by {self.taught_by.name}" if self.taught_by else self.network.name


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
    knobs: dict[str, float | bool | str] = {}

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
        return as_teacher(teacher)

    @property
    def hears_teacher(self) -> bool:
        """Whether anything of a teacher reaches this arm's students."""
        return methods.get(self.method).hears_teacher
