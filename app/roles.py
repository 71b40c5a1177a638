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
}


@dataclass(frozen=True)
class Role:
    """An arm as it is drawn: its name in the frames, its part, its label for people, its method."""

    name: str
    role: Part
    label: str
    method: str


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
