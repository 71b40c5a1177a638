"""Every claim of every lesson, trained: what the texts say is true, on the split they name and on another one.

An arm's students depend on nobody else, so steps that differ in their arms alone are trained together.
"""

from __future__ import annotations

import pytest

import kdcore
from app import lessons
from app.lessons import Lesson, Step
from kdcore import Arm, Command, Experiment, Frame
from kdcore.claims import verdicts
from kdcore.training import replay

SPLITS = (0, 1)
LESSONS = lessons.load_all()
STEPS = [
    pytest.param(
        *(split, lesson, number),
        id=f"split {split}, {lesson.name} {number + 1}",
        marks=pytest.mark.xdist_group(f"lessons of split {split}"),  # in one process, for what they share
    )
    for split in SPLITS
    for lesson in LESSONS.values()
    for number in range(len(lesson.steps))
]


class Together:
    """Steps that are trained at once: one experiment with all their arms."""

    def __init__(self, step: Step) -> None:
        self.base = step.experiment.model_dump(exclude={"arms", "control"})
        self.arms: dict[str, Arm] = {}
        self.commands: list[Command] = []
        self.at: set[int] = set()
        self._frames: list[Frame] = []
        self.take(step)

    def fits(self, step: Step) -> bool:
        """Whether the step differs in nothing but arms, and calls none of them by a name that is taken."""
        arms = step.experiment.arms
        return (
            self.base == step.experiment.model_dump(exclude={"arms", "control"})
            and all(self.arms.get(arm.name, arm) == arm for arm in arms)
            # With more than 64 students only the last frame is measured in full.
            and not any(claim.at is not None and claim.measure != "accuracy" for claim in step.claims)
            and not self._steered(step)
        )

    def _steered(self, step: Step) -> bool:
        """Whether a change that belongs to one step would act on an arm of another one."""
        mine = {command.arm for command in self.commands}
        theirs = {command.arm for command in step.commands}
        return bool(
            mine & {arm.name for arm in step.experiment.arms} or theirs & set(self.arms) or None in mine | theirs
        )

    def take(self, step: Step) -> None:
        """Train this step with the others."""
        self.arms |= {arm.name: arm for arm in step.experiment.arms}
        self.commands += step.commands
        self.at |= {claim.at for claim in step.claims if claim.at is not None}

    @property
    def experiment(self) -> Experiment:
        return Experiment(**self.base, arms=tuple(self.arms.values()), control=False)

    def frames(self) -> list[Frame]:
        """The frames that the claims ask for, trained once."""
        if not self._frames:
            given = {"commands": replay(self.commands), "frames_every": lambda step: step in self.at}
            self._frames = list(kdcore.train(self.experiment, **given))  # type: ignore[arg-type]
        return self._frames


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def trainings() -> dict[tuple[int, str, int], Together]:
    """The training that each step of each lesson shares, by split."""
    shared: list[Together] = []
    found = {}
    for split in SPLITS:
        for lesson in LESSONS.values():
            for number, step in enumerate(lesson.steps):
                moved = step.model_copy(update={"experiment": step.experiment.model_copy(update={"split": split})})
                place = next((together for together in shared if together.fits(moved)), None)
                if place is None:
                    place = Together(moved)
                    shared.append(place)
                else:
                    place.take(moved)
                found[split, lesson.name, number] = place
    return found


@pytest.mark.parametrize(("split", "lesson", "number"), STEPS)
def test_what_a_lesson_claims_is_true(
    trainings: dict[tuple[int, str, int], Together], split: int, lesson: Lesson, number: int
) -> None:
    together, step = trainings[split, lesson.name, number], lesson.steps[number]
    found = verdicts(step.claims, together.frames(), together.experiment)
    for claim, measured in zip(step.claims, found, strict=True):
        assert measured.holds, f"{claim.text} Measured {measured.value:.2f} {claim.unit}, bound {claim.bound:g}."
        assert measured.step == (together.frames()[-1].step if claim.at is None else claim.at)
    if step.question:
        answer = step.question.answered(found)
        assert isinstance(answer, str if step.question.kind == "choice" else float)
        if isinstance(answer, float):
            assert step.question.low <= answer <= step.question.high


def test_there_are_ten_lessons_with_claims_from_five_seeds_or_more() -> None:
    assert not lessons.problems()
    assert len(LESSONS) == 10
    for lesson in LESSONS.values():
        assert 5 <= lesson.minutes <= 10 and 2 <= len(lesson.steps) <= 5 and lesson.sources
        for step in lesson.steps:
            assert step.claims and step.question and step.after
            assert len(step.experiment.seed_list) >= 5
