"""A race: the same for all who run, picked on validation, ranked on test, and no winner inside the noise."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from kdcore import methods, race_recording, racing, statistics
from kdcore.experiment import Arm, Experiment, Network
from kdcore.folders import ASSETS
from kdcore.frame import Frame
from kdcore.racing import ALWAYS, PLAIN, USUAL, Race, lanes, refusal, standings, trials_of
from kdcore.training import Training
from tests.small import TEACHER

SHIPPED = ASSETS / "race.dkrace"
SMALL = Experiment(teacher=TEACHER, student=Network("mlp", widths=(12,)), seeds=3, steps=20)


def frame_of(experiment: Experiment, test: np.ndarray, validation: np.ndarray, **fields: object) -> Frame:
    """A frame with these accuracies `[arm, seed]`."""
    shape = test.shape
    scalars = {"accuracy": test, "validation_accuracy": validation, "agreement": np.full(shape, np.nan)}
    given = {
        "step": 600,
        "steps": 600,
        "arms": tuple(arm.name for arm in experiment.arms),
        "seeds": experiment.seed_list,
        "control": experiment.control_arm,
        "scalars": {name: values.astype(np.float32) for name, values in scalars.items()},
        "knobs": {},
        "stopped": np.zeros(shape, bool),
    }
    return Frame(**given | fields)  # type: ignore[arg-type]


def drawn(experiment: Experiment, random: np.random.Generator, means: dict[str, float] | None = None) -> Frame:
    """Test and validation accuracies with a level of each seed, luck of each student, and luck of each measurement."""
    arms, seeds = len(experiment.arms), len(experiment.seed_list)
    mean = np.array([(means or {}).get(arm.method, 0.85) for arm in experiment.arms])[:, None]
    students = mean + random.normal(0, 0.02, seeds) + random.normal(0, 0.004, (arms, seeds))
    test, validation = (students + random.normal(0, spread, (arms, seeds)) for spread in (0.012, 0.02))
    return frame_of(experiment, test, validation)


def test_default_race_has_a_dozen_with_the_null_arms_on_thirty_pictures() -> None:
    race = Race()
    assert len(race.names) == 12 and set(ALWAYS) <= set(race.names)
    experiment = race.experiment()
    assert experiment.control_arm == "hard" and experiment.arms[0].method == PLAIN
    usual = Experiment()
    for field in ("dataset", "teacher", "student", "transfer", "seeds", "steps", "learning_rate"):
        assert getattr(experiment, field) == getattr(usual, field)
    counts = {lane.name: len(lane.arms) for lane in lanes(experiment)}
    assert counts == {name: 1 if name == "hard" else 5 for name in race.names}
    assert Race(**race.model_dump()) == race == Race.model_validate_json(race.model_dump_json())


@pytest.mark.parametrize("name", methods.names())
def test_every_method_has_the_same_number_of_trials_and_its_own_weight_is_the_first(name: str) -> None:
    declared, trials = methods.get(name), trials_of(name, 5)
    assert len(trials) == (5 if declared.weight else 1) and len({arm.name for arm in trials}) == len(trials)
    assert (trials[0].weight, trials[0].hard_weight) == (declared.weight, declared.hard_weight)
    assert all(arm.knobs == trials[0].knobs for arm in trials), "they differ in the weights of the loss alone"
    if declared.alpha is not None:
        assert all(arm.hard_weight + arm.weight == pytest.approx(1) for arm in trials)
    elif declared.weight:
        factors = sorted(arm.weight / declared.weight for arm in trials)
        assert factors == pytest.approx([1 / 16, 1 / 4, 1, 4, 16]) or max(arm.weight for arm in trials) == 1e6


def test_not_tuned_each_runs_once_as_its_paper_has_it() -> None:
    experiment = Race(tuned=False).experiment()
    assert [arm.name for arm in experiment.arms] == list(Race().names)
    assert experiment.arms == tuple(Arm(name) for name in Race().names)


def test_all_start_from_the_same_weights_and_hear_the_same_batches() -> None:
    training = Training(Race(entered=("dkd",), base=SMALL).experiment())
    for weight in training.cohort.students.weights.values():
        students = weight.detach().unflatten(0, training.cohort.leading)
        assert (students == students[:1]).all()
    first = next(iter(training))
    assert np.ptp(first.scalars["accuracy"], axis=0).max() == 0


def test_what_cannot_run_is_refused_in_the_words_of_the_experiment() -> None:
    with pytest.raises(ValidationError, match="no method 'wishes'"):
        Race(entered=("wishes",))
    spirals = Experiment(dataset="spirals")
    for name in methods.names():
        try:
            Experiment(dataset="spirals", arms=(Arm(name),))
        except ValidationError as error:
            assert (refusal(name, spirals) or "nothing") in str(error)
            with pytest.raises(ValidationError):
                Race(entered=(name,), base=spirals)
        else:
            assert refusal(name, spirals) is None
    large = Experiment(teacher=TEACHER, student=Network("mlp", widths=(256, 256)), seeds=8)
    with pytest.raises(ValidationError, match="fewer methods, trials or seeds"):
        Race(base=large)


def test_programmes_run_in_the_same_race_with_lines_of_their_own() -> None:
    race = Race(entered=(), programmes=("self", "mutual"), base=SMALL, tuned=False)
    experiment = race.experiment()
    names = [lane.name for lane in lanes(experiment)]
    assert names[: len(ALWAYS)] == list(ALWAYS) and {"self", "mutual"} <= set(names)
    *_, last = Training(experiment)
    rows = {row.lane.name: row for row in standings(experiment, last).rows}
    assert set(rows) == set(names) and rows["self"].lane.arms[0].teacher is not None
    assert rows["self"].to_plain is not None and np.isfinite(rows["mutual"].test.mean)
    with pytest.raises(ValidationError, match="no programme 'nobody'"):
        Race(programmes=("nobody",))


def test_lines_are_found_in_any_experiment() -> None:
    experiment = Experiment(arms=(Arm("hinton"), Arm("hinton", "hot", temperature=20), Arm("dkd")))
    assert [lane.name for lane in lanes(experiment)] == ["hinton", "hot", "dkd", "hard"]


def test_trial_is_picked_on_validation_and_ranked_by_test() -> None:
    experiment = Race(entered=("dkd",), base=SMALL).experiment()
    names = [arm.name for arm in experiment.arms]
    test, validation = np.full((len(names), 3), 0.5), np.full((len(names), 3), 0.5)
    lucky, good = names.index("dkd, weight 16"), names.index("dkd, weight 0.25")
    validation[good], test[good] = 0.9, [0.81, 0.82, 0.83]
    test[lucky] = 0.99  # nobody may look at it
    row = standings(experiment, frame_of(experiment, test, validation)).rows[0]
    assert row.lane.name == "dkd" and row.picked.name == "dkd, weight 0.25"
    assert row.test == statistics.interval(test[good].astype(np.float32))
    assert row.to_plain is not None and row.to_plain.mean == pytest.approx(0.32)


def test_differences_are_paired_and_corrected_over_all_lines() -> None:
    experiment = Race(entered=("dkd", "dist"), tuned=False).experiment()
    frame = drawn(experiment, np.random.default_rng(3), {"dkd": 0.9, "shuffled": 0.7})
    found = {row.lane.name: row for row in standings(experiment, frame).rows}
    for reference, difference, p in (("hinton", "to_plain", "p_plain"), ("hard", "to_hard", "p_hard")):
        assert getattr(found[reference], difference) is None
        others = [name for name in found if name != reference]
        pairs = {name: statistics.paired(frame.accuracy[name], frame.accuracy[reference]) for name in others}
        raised = statistics.holm([pairs[name].p for name in others])
        for name, corrected in zip(others, raised, strict=True):
            assert getattr(found[name], difference).mean == pytest.approx(pairs[name].mean, abs=1e-6)
            assert getattr(found[name], p) == pytest.approx(corrected, abs=1e-6)
    assert found["dkd"].beats_softness is True and found["shuffled"].beats_softness is False
    assert found["smoothed"].beats_softness is None


def test_best_is_told_apart_only_beyond_the_margin_and_ties_share_their_ranks() -> None:
    experiment = Race(tuned=False).experiment()
    far = standings(experiment, drawn(experiment, np.random.default_rng(1), {"ttm": 0.95}))
    assert far.winner is not None and far.winner.lane.name == "ttm" and far.winner.ranks == (1, 1)
    assert {row.ranks for row in far.rows[1:]} == {(2, 12)}
    near = standings(experiment, drawn(experiment, np.random.default_rng(1), {"ttm": 0.95, "dkd": 0.95}))
    assert near.winner is None and {row.lane.name for row in near.tied} == {"ttm", "dkd"}
    assert {row.ranks for row in near.tied} == {(1, 2)}
    for row in near.rows:
        assert row.tied == (row.ranks[0] == 1) and row.ranks[0] <= row.ranks[1]
    assert near.rows[1].test.mean >= near.rows[0].test.mean - near.margin


def test_line_that_spreads_widely_hides_no_difference_among_the_others() -> None:
    experiment = Race(tuned=False).experiment()
    random = np.random.default_rng(2)
    frame = drawn(experiment, random, {"ttm": 0.9, "shuffled": 0.3})
    wild = [arm.method for arm in experiment.arms].index("shuffled")
    test = frame.scalars["accuracy"].copy()
    test[wild] = 0.3 + random.normal(0, 0.2, 8)
    found = standings(experiment, dataclasses.replace(frame, scalars=frame.scalars | {"accuracy": test}))
    assert statistics.best_region(test).hatched.sum() > 1
    assert found.winner is not None and found.winner.lane.name == "ttm"


def test_truly_best_is_rarely_left_out_whoever_runs_besides() -> None:
    experiment, random = Race(tuned=False).experiment(), np.random.default_rng(0)
    means = {"shuffled": 0.5, "answers": 0.8, "hard": 0.8, "smoothed": 0.84}
    equal = [arm.name for arm in experiment.arms if arm.method not in means]
    lost = 0
    for _ in range(120):
        rows = standings(experiment, drawn(experiment, random, means)).rows
        lost += not set(equal) <= {row.lane.name for row in rows if row.tied}
    assert lost <= 0.1 * 120


def test_nobody_is_named_the_winner_where_all_are_equal() -> None:
    experiment, random = Race().experiment(), np.random.default_rng(0)
    found = [standings(experiment, drawn(experiment, random)) for _ in range(150)]
    assert sum(one.winner is not None for one in found) <= 0.05 * len(found)
    apart = sum(any(row.ranks != (1, 12) for row in one.rows) for one in found)
    # 5 % is the mean; 150 races stay under 9 % in all but 1 of 50 suites, and this one is fixed by its seed.
    assert apart <= 0.09 * len(found)


def test_picking_a_trial_on_validation_does_not_bias_its_test_accuracy() -> None:
    """Luck on the validation examples is not carried over; picking by test would gain as much as it looks."""
    experiment, random = Race(entered=()).experiment(), np.random.default_rng(0)
    lane = next(lane for lane in lanes(experiment) if lane.name == "smoothed")
    names = [arm.name for arm in experiment.arms]
    places = [names.index(arm.name) for arm in lane.arms]
    honest, greedy = [], []
    for _ in range(300):
        shape = (len(names), 8)
        test, validation = (0.85 + random.normal(0, 0.015, shape) for _ in range(2))
        frame = frame_of(experiment, test, validation)
        row = next(row for row in standings(experiment, frame).rows if row.lane == lane)
        honest.append(row.test.mean - 0.85)
        greedy.append(test[places].mean(1).max() - 0.85)
    error = 0.015 / np.sqrt(8) / np.sqrt(300)
    assert abs(np.mean(honest)) < 3 * error
    assert np.mean(greedy) > 15 * error


def test_diverged_trials_are_not_picked_and_a_diverged_line_stands_last() -> None:
    experiment = Race(entered=("dkd", "dist"), base=SMALL).experiment()
    frame = drawn(experiment, np.random.default_rng(5), {"dkd": 0.99})
    scalars = {name: values.copy() for name, values in frame.scalars.items()}
    for place, arm in enumerate(experiment.arms):
        if arm.method == "dist" or arm.name == "dkd, weight 1":
            for values in scalars.values():
                values[place] = np.nan
    found = standings(experiment, dataclasses.replace(frame, scalars=scalars))
    assert found.rows[0].lane.name == "dkd" and found.rows[0].picked.name != "dkd, weight 1"
    last = found.rows[-1]
    assert last.lane.name == "dist" and last.diverged and last.ranks == (7, 7) and not last.tied
    assert found.winner is not None and np.isfinite(found.margin)


def test_one_seed_ranks_nobody() -> None:
    experiment = Race(tuned=False, base=SMALL.model_copy(update={"seeds": 1})).experiment()
    found = standings(experiment, drawn(experiment, np.random.default_rng(0), {"dkd": 0.99}))
    assert found.winner is None and all(row.tied for row in found.rows)


@pytest.mark.usefixtures("one_thread")
def test_recorded_race_is_what_its_arms_give(tmp_path: Path) -> None:
    experiment, recorded = race_recording.load(SHIPPED)
    assert experiment == Race().experiment() and SHIPPED.stat().st_size < 100_000
    assert recorded.step == recorded.steps == experiment.steps
    found = standings(experiment, recorded)
    shown = [row.picked for row in found.rows if row.lane.name in (PLAIN, "hard", *USUAL[:2])]
    *_, fresh = Training(experiment.model_copy(update={"arms": tuple(shown)}))
    for arm in shown:
        for measure in race_recording.MEASURES:
            then, now = (frame.measures[measure][arm.name].mean() for frame in (recorded, fresh))
            assert then == pytest.approx(now, abs=0.005), (arm.name, measure)
    race_recording.save(tmp_path / "again.dkrace", experiment, recorded)
    again, frame = race_recording.load(tmp_path / "again.dkrace")
    assert again == experiment and np.array_equal(frame.scalars["accuracy"], recorded.scalars["accuracy"])
    (tmp_path / "none.dkrace").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="no recorded race"):
        race_recording.load(tmp_path / "none.dkrace")


def test_recorded_race_says_what_a_race_is_for() -> None:
    found = standings(*race_recording.load(SHIPPED))
    rows = {row.lane.name: row for row in found.rows}
    assert rows["hinton"].beats_softness and not rows["shuffled"].beats_softness
    assert rows["hinton"].to_hard is not None and rows["hinton"].to_hard.low > 0.04
    assert found.rows[0].tied and racing.HARD in rows
