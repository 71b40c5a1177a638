"""Side by side: which seeds an entry counts, what may be said of differences, and what is refused with a sentence."""

from __future__ import annotations

import dataclasses
import json
import time
from typing import Any

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from streamlit.testing.v1 import AppTest

from app.comparison import comparing, differing, findings, more_seeds, pairing
from app.comparison.entries import MOST, Gathered, gather
from app.comparison.looks import Look, look_of
from app.watch import watch
from kdcore.experiment import Arm, Command, Experiment, Transfer
from kdcore.runs import RunLog
from tests.app.made import PROBES, make_frame, make_stage, write_run
from tests.app.test_routes import get

NULLS = (Arm("hinton"), Arm("hard"), Arm("answers"))


def hot(temperature: float = 8.0, **fields: Any) -> Experiment:
    return Experiment(arms=(Arm("hinton", temperature=temperature), Arm("hard")), **fields)


def looked(log: RunLog, *ids: str, **more: Any) -> Gathered:
    return gather(log, Look(runs=ids, **more))


def last(log: RunLog, run_id: str, arm: str, measure: str = "accuracy") -> np.ndarray[Any, Any]:
    frame = log.newest(run_id)
    assert frame is not None
    return np.asarray(frame.scalars[measure][frame.arms.index(arm)], dtype=np.float64)


def join(log: RunLog, run_id: str, group: str) -> str:
    log.update(run_id, group=group)
    return run_id


# Who is compared


def test_every_chosen_run_gives_its_distilled_students_and_offers_its_other_arms(log: RunLog) -> None:
    a, b = write_run(log), write_run(log, hot(), seed=1)
    found = looked(log, a, b)
    assert [entry.key for entry in found.entries] == [f"{a}:hinton", f"{b}:hinton"]
    assert [key for key, _ in found.offered] == [f"{a}:hard", f"{b}:hard"]
    added = looked(log, a, b, also=(f"{b}:hard",))
    assert [(entry.letter, entry.key) for entry in added.entries][2] == ("C", f"{b}:hard")


def test_one_run_alone_is_compared_with_its_own_arms(log: RunLog) -> None:
    run = write_run(log, Experiment(arms=NULLS))
    found = looked(log, run)
    assert [entry.role.name for entry in found.entries] == ["hinton", "hard", "answers"]
    assert found.baseline(Look()).role.name == "hard"


def test_a_run_with_hundreds_of_arms_offers_its_first_and_its_control(log: RunLog) -> None:
    arms = [Arm("hinton", name=f"T {t}", temperature=t) for t in range(1, 15)]
    found = looked(log, write_run(log, Experiment(arms=(*arms, Arm("hard")), seeds=2)), write_run(log))
    assert [entry.role.name for entry in found.entries] == ["T 1", "hinton"] and "15 arms" in found.notes[0]


def test_at_most_twelve_are_compared_and_the_rest_is_named(log: RunLog) -> None:
    ids = [write_run(log, hot(t), seed=t) for t in range(1, 15)]
    found = looked(log, *ids)
    assert len(found.entries) == MOST and "2 of 14 are left out" in found.notes[0]


def test_unknown_and_deleted_runs_are_named_and_the_others_shown(log: RunLog) -> None:
    a, b = write_run(log), write_run(log, hot())
    log.update(b, deleted=time.time())
    found = looked(log, "gone", a, b)
    assert {entry.first.run.id for entry in found.entries} == {a}
    assert "gone is not in this log" in found.notes[0] and "has been deleted" in found.notes[1]


def test_runs_of_a_group_that_differ_in_seeds_alone_are_one_entry(log: RunLog) -> None:
    a = write_run(log, Experiment(seeds=3))
    more = join(log, write_run(log, Experiment(seeds=(3, 4)), seed=1), a)
    other = join(log, write_run(log, Experiment(seeds=(3, 4), split=1), seed=2), a)
    for ids in ((a,), (more,), (a, more)):
        entry = looked(log, *ids).entries[0]
        assert entry.seeds == (0, 1, 2, 3, 4) and {run.run.id for run in entry.runs} == {a, more}
        both = np.concatenate([last(log, a, "hinton"), last(log, more, "hinton")])
        assert entry.last("accuracy") == pytest.approx(both)
    assert looked(log, other).entries[0].seeds == (3, 4)


def test_seeds_that_still_train_wait_and_runs_stopped_early_do_not_count(log: RunLog) -> None:
    a = write_run(log, Experiment(seeds=3))
    join(log, write_run(log, Experiment(seeds=(3, 4)), state="running", steps=(0, 10)), a)
    join(log, write_run(log, Experiment(seeds=(5, 6)), state="stopped", steps=(0, 10)), a)
    found = looked(log, a)
    assert found.entries[0].seeds == (0, 1, 2) and found.live and len(found.entries[0].waiting) == 1
    assert "2 more seeds of A and B are training" in " ".join(comparing.view(log, {"runs": a})["notes"])


def test_a_run_with_another_temperature_along_the_way_is_no_equal(log: RunLog) -> None:
    a = write_run(log, Experiment(seeds=3))
    b = join(log, write_run(log, Experiment(seeds=(3, 4))), a)
    log.command(b, Command("set", knob="temperature", value=8), client="x", counter=1)
    log.applied(log.pending(b)[0].number, 100)
    assert looked(log, a).entries[0].seeds == (0, 1, 2)


def test_a_course_reads_further_runs_between_their_frames(log: RunLog) -> None:
    a = write_run(log, Experiment(seeds=2), steps=(0, 2, 600))
    b = join(log, write_run(log, Experiment(seeds=(2,)), steps=(0, 4, 600), seed=1), a)
    entry = looked(log, a).entries[0]
    steps, seconds, values = entry.course(log, "accuracy", 100)
    assert steps.tolist() == [0, 2, 600] and seconds[1] == pytest.approx(2) and values.shape == (3, 3)
    theirs = [float(frame.scalars["accuracy"][0, 0]) for frame in log.history(b)]
    assert values[:, 2] == pytest.approx([theirs[0], (theirs[0] + theirs[1]) / 2, theirs[2]])


# What may be said


def test_paired_differences_equal_scipys(log: RunLog) -> None:
    a, b = write_run(log), write_run(log, hot(), seed=1, gain=0.12)
    found = looked(log, a, b)
    (finding,) = findings.against(found.entries[0], found.entries, "accuracy")
    ours, theirs = last(log, b, "hinton") * 100, last(log, a, "hinton") * 100
    test = stats.ttest_rel(ours, theirs)
    ends = test.confidence_interval(0.95)
    difference = finding.difference
    assert difference is not None and difference.paired and difference.n == 8
    assert (difference.mean, difference.low, difference.high) == pytest.approx(
        ((ours - theirs).mean(), ends.low, ends.high)
    )
    assert finding.p == pytest.approx(test.pvalue) and finding.corrected is None
    assert finding.spread == pytest.approx((ours - theirs).std(ddof=1))


def test_several_comparisons_are_corrected_by_holm_whatever_is_hidden(log: RunLog) -> None:
    ids = [write_run(log, hot(t), seed=t, gain=0.09 + t / 500) for t in (1, 2, 3)]
    found = looked(log, *ids)
    against = findings.against(found.entries[0], found.entries, "accuracy")
    plain = [stats.ttest_rel(last(log, run, "hinton"), last(log, ids[0], "hinton")).pvalue for run in ids[1:]]
    assert [each.p for each in against] == pytest.approx(multipletests(plain, method="holm")[1])
    address = {"runs": ",".join(ids)}
    shown, hidden = comparing.view(log, address), comparing.view(log, address | {"hide": f"{ids[2]}:hinton"})
    assert shown == hidden


def test_other_splits_are_compared_without_pairs_and_it_says_so(log: RunLog) -> None:
    a, b = write_run(log), write_run(log, Experiment(split=1), seed=1)
    found = looked(log, a, b)
    (finding,) = findings.against(found.entries[0], found.entries, "accuracy")
    welch = stats.ttest_ind(last(log, b, "hinton"), last(log, a, "hinton"), equal_var=False)
    assert finding.difference is not None and not finding.difference.paired
    assert finding.p == pytest.approx(welch.pvalue) and "different splits (0 and 1)" in finding.why


def test_pairs_are_the_seeds_that_both_have(log: RunLog) -> None:
    a, b = write_run(log, Experiment(seeds=5)), write_run(log, hot(seeds=(2, 3, 4, 9)), seed=1)
    (finding,) = findings.against(*(lambda e: (e[0], e))(looked(log, a, b).entries), "accuracy")
    expected = stats.ttest_rel(last(log, b, "hinton")[:3], last(log, a, "hinton")[2:])
    assert finding.difference is not None and finding.difference.n == 3 and finding.p == pytest.approx(expected.pvalue)
    assert "3 that only one of them has are left out" in finding.why


def test_without_common_seeds_the_pairing_is_lost(log: RunLog) -> None:
    a, b = write_run(log, Experiment(seeds=3)), write_run(log, hot(seeds=(7, 8, 9)), seed=1)
    (finding,) = findings.against(*(lambda e: (e[0], e))(looked(log, a, b).entries), "accuracy")
    assert finding.difference is not None and not finding.difference.paired and "seeds in common" in finding.why


def test_two_seeds_are_too_few_to_say(log: RunLog) -> None:
    a, b = write_run(log, Experiment(seeds=2)), write_run(log, hot(seeds=2), seed=1)
    view = comparing.view(log, {"runs": f"{a},{b}"})
    assert view["entries"][1]["verdict"] == "few" and "n is too small to say" in view["headline"]
    assert view["power"] is None


def test_different_data_are_shown_but_never_subtracted(log: RunLog) -> None:
    a, b = write_run(log), write_run(log, Experiment(dataset="spirals", transfer=Transfer(n=30)), seed=1)
    view = comparing.view(log, {"runs": f"{a},{b}"})
    assert view["entries"][1]["verdict"] == "none" and "difference" not in view["entries"][1]
    assert "different data" in view["entries"][1]["why"] and "differences mean nothing" in " ".join(view["notes"])
    assert {trace["meta"]["entry"] for trace in view["figures"]["curves"]["data"]} == {f"{a}:hinton", f"{b}:hinton"}
    for part in (pairing.pair, pairing.examples):
        with pytest.raises(pairing.Unfit, match="different data"):
            part(log, {"runs": f"{a},{b}"})


def test_runs_that_still_train_are_compared_at_equal_steps_only(log: RunLog) -> None:
    a = write_run(log, state="running", steps=(0, 30))
    b = write_run(log, hot(), seed=1, state="running", steps=(0, 10))
    view = comparing.view(log, {"runs": f"{a},{b}"})
    assert view["entries"][1]["verdict"] == "none" and "A is at step 30, B at step 10" in view["headline"]
    own = comparing.view(log, {"runs": a})
    assert own["entries"][0]["verdict"] == "above" and "still moving" in own["detail"]


def test_a_diverged_student_makes_no_mean(log: RunLog) -> None:
    a = write_run(log)
    b = log.create(hot(), owner="me")
    log.set_stage(b, make_stage(hot()))
    frame = make_frame(hot(), 600)
    frame.scalars["accuracy"][0, 2] = np.nan
    log.append(b, frame)
    log.claim(b, "worker", {})
    log.set_state(b, "finished")
    view = comparing.view(log, {"runs": f"{a},{b}"})
    assert view["entries"][1]["verdict"] == "none" and "B diverged" in view["entries"][1]["why"]


def test_the_sentence_says_size_interval_n_and_p(log: RunLog) -> None:
    a, b = write_run(log, gain=0.05), write_run(log, hot(), seed=1, gain=0.12)
    text = comparing.view(log, {"runs": f"{a},{b}"})["headline"]
    difference = (last(log, b, "hinton") - last(log, a, "hinton")).mean() * 100
    assert text.startswith(f"Test accuracy: B is {difference:.1f} points above A (95 % interval ")
    assert "8 seeds in pairs, p < 0.001)" in text
    turned = comparing.view(log, {"runs": f"{a},{b}", "baseline": b})["headline"]
    assert turned.startswith(f"Test accuracy: A is {difference:.1f} points below B (95 % interval ")


def test_a_bootstrap_interval_comes_from_twenty_seeds_on(log: RunLog) -> None:
    a, b = write_run(log, Experiment(seeds=20)), write_run(log, hot(seeds=20), seed=1)
    found = looked(log, a, b)
    (finding,) = findings.against(found.entries[0], found.entries, "accuracy")
    own = stats.bootstrap(
        ((last(log, b, "hinton") - last(log, a, "hinton")) * 100,), np.mean, rng=np.random.default_rng(0)
    ).confidence_interval
    assert finding.resampled is not None
    assert (finding.resampled.low, finding.resampled.high) == pytest.approx((own.low, own.high), abs=0.05)
    assert "bootstrap" in findings.said(finding, found.entries[0], "accuracy")
    few = looked(log, write_run(log), write_run(log, hot(), seed=1)).entries
    assert findings.against(few[0], few, "accuracy")[0].resampled is None


def test_power_says_how_many_seeds_half_a_point_takes(log: RunLog) -> None:
    a, b = write_run(log), write_run(log, hot(), seed=1)
    view = comparing.view(log, {"runs": f"{a},{b}"})
    spread = (last(log, b, "hinton") - last(log, a, "hinton")).std(ddof=1) * 100
    from statsmodels.stats.power import TTestPower

    needed = int(np.ceil(TTestPower().solve_power(effect_size=0.5 / spread, alpha=0.05, power=0.8)))
    assert f"about {needed} seeds" in view["power"]["text"] and view["power"]["more"] == min(needed - 8, 32)


# What differs


def test_only_what_differs_is_listed(log: RunLog) -> None:
    a, b = write_run(log, hot(2)), write_run(log, hot(8, learning_rate=0.01))
    entries = looked(log, a, b).entries
    assert differing.only_differing(entries) == (["temperature", "learning rate"], [["2", "8"], ["0.003", "0.01"]])
    assert differing.numeric(entries) == ["temperature", "learning rate"]
    assert differing.labels(entries) == ["opinions, T 2, rate 0.003", "opinions, T 8, rate 0.01"]
    same = looked(log, a, write_run(log, hot(2), seed=1)).entries
    assert differing.only_differing(same) == ([], [])


def test_changes_along_the_way_are_settings_too_and_marked(log: RunLog) -> None:
    a, b = write_run(log), write_run(log, seed=1)
    log.command(b, Command("set", knob="temperature", value=8), client="x", counter=1)
    log.applied(log.pending(b)[0].number, 100)
    watch(log, b)
    view = comparing.view(log, {"runs": f"{a},{b}"})
    assert ["changed while it ran", "nothing", "T 4 → 8 at step 100"] in view["settings"]["rows"]
    assert [shape["x0"] for shape in view["figures"]["curves"]["layout"]["shapes"]] == [101]


# More seeds


def test_more_seeds_are_runs_of_the_same_group_with_the_changes_replayed(log: RunLog) -> None:
    a, b = write_run(log), write_run(log, hot(), seed=1)
    log.command(b, Command("set", knob="temperature", value=2), client="x", counter=1)
    log.applied(log.pending(b)[0].number, 100)
    said = more_seeds.train_more(log, Look(runs=(a, b)), 9, "me")
    assert len(said) == 2
    (more_a,) = log.runs(group=a)
    (more_b,) = log.runs(group=b)
    assert more_a.experiment.seed_list == more_b.experiment.seed_list == tuple(range(8, 17))
    assert (more_b.parent, more_b.pace, more_b.owner) == (b, "full", "me")
    assert [(c.knob, c.value, c.step) for c in log.planned(more_b.id)] == [("temperature", 2.0, 100)]
    assert log.planned(more_a.id) == [] and more_a.experiment.arms == log.run(a).experiment.arms  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="still training"):
        more_seeds.train_more(log, Look(runs=(a, b)), 9, "me")


def test_further_seeds_of_a_stopped_run_are_stopped_at_the_same_step(log: RunLog) -> None:
    a, b = write_run(log, state="stopped", steps=(0, 100)), write_run(log, hot(), seed=1)
    more_seeds.train_more(log, Look(runs=(a, b)), 2, "me")
    (more,) = log.runs(group=a)
    assert [(command.kind, command.step) for command in log.planned(more.id)] == [("stop", 100)]


def test_first_the_seeds_are_trained_that_others_have() -> None:
    assert more_seeds.wanted_seeds([(0, 1), (0, 1, 5)], 9) == [0, 1, 5]
    assert more_seeds.wanted_seeds([(0, 1), (0, 1)], 2) == [0, 1, 2, 3]


# Two under one lens


def test_embeddings_of_two_runs_are_read_at_one_step(log: RunLog) -> None:
    a, b = write_run(log), write_run(log, hot(), seed=1, steps=(0, 5, 50, 600))
    drawn = pairing.pair(log, {"runs": f"{a},{b}", "step": "40", "left": a, "right": b})
    assert drawn["reached"] == [30, 5] and drawn["steps"] == [0, 1, 3, 5, 10, 30, 50, 100, 300, 600]
    assert set(drawn["figures"]) == {
        *(f"embedding_{side}" for side in ("left", "right")),
        *(f"similarity_{side}" for side in ("left", "right", "difference")),
    }
    ranges = [drawn["figures"][f"embedding_{side}"]["layout"]["xaxis"]["range"] for side in ("left", "right")]
    assert ranges[0] == ranges[1]


def test_another_teachers_student_is_laid_over_the_first_teachers_space(log: RunLog) -> None:
    a, b = write_run(log), write_run(log, hot(), seed=1)
    stage, turned = log.stage(a), make_stage(hot())
    assert stage is not None
    features = turned.teacher_features[:, ::-1].copy()
    log.forget(b)
    with log.write() as connection:
        from kdcore.runs import schema

        other = dataclasses.replace(turned, teacher_features=features)
        connection.execute(schema.stages.update().where(schema.stages.c.run == b).values(data=other.to_bytes()))
    assert "different teachers" in pairing.pair(log, {"runs": f"{a},{b}"})["says"]["embedding"]
    points = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))[0]
    assert pairing._overlaid((points - points.mean(0)) @ rotation * 3 + 5, points - points.mean(0)) == pytest.approx(
        points - points.mean(0), abs=1e-4
    )


def test_other_test_examples_are_refused_with_a_sentence(log: RunLog) -> None:
    a = write_run(log)
    b = log.create(Experiment(split=1), owner="me")
    log.set_stage(b, dataclasses.replace(make_stage(Experiment()), ids=np.arange(1000, 1000 + PROBES + 240)))
    log.append(b, make_frame(Experiment(split=1), 600, seed=1))
    log.claim(b, "worker", {})
    log.set_state(b, "finished")
    with pytest.raises(pairing.Unfit, match="another split"):
        pairing.pair(log, {"runs": f"{a},{b}"})


def test_examples_are_those_that_the_left_gets_right_and_the_right_wrong(log: RunLog) -> None:
    a, b = write_run(log), write_run(log, hot(), seed=1)
    said = pairing.examples(log, {"runs": f"{a},{b}", "left": a, "right": b})
    frames, labels = [log.newest(run) for run in (a, b)], log.stage(a).labels[:PROBES]  # type: ignore[union-attr]
    right = [frame.shown.logits[0, :PROBES].argmax(-1) == labels for frame in frames if frame and frame.shown]
    assert said["counts"]["left"] == int((right[0] & ~right[1]).sum())
    assert sum(said["counts"].values()) == said["of"] == PROBES
    assert all(right[0][case["row"]] and not right[1][case["row"]] for case in said["examples"])
    assert "seed 0 of both" in said["says"]


# The link


def test_a_look_comes_back_from_its_own_address() -> None:
    also = ("a:T 4, alpha 0.9", "b:hard")
    look = Look(("a", "b"), also, "b:hard", "epoch", "kl", 0.6, ("a:x",), "a", "b", "T", "ece", "kl")
    assert look_of(look.address()) == (look, []) and Look().address() == {}


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("measure", "luck", "'luck' is not among"),
        ("x", "years", "'years' is not among"),
        ("smooth", "nan", "not a number from 0 to 0.99"),
        ("smooth", "1", "not a number from 0 to 0.99"),
        ("runs", "a,<b>", "cannot be the name of a run"),
        ("runs", ",".join(f"r{k}" for k in range(30)), "at most 24 runs"),
    ],
)
def test_what_means_nothing_in_a_link_is_said(name: str, text: str, sentence: str) -> None:
    look, notes = look_of({name: text})
    assert sentence in notes[0] and look.smooth == 0 and look.measure == "accuracy"


def test_an_empty_comparison_is_a_sentence_not_an_error(log: RunLog) -> None:
    assert comparing.view(log, {"runs": "gone"})["entries"] == []
    queued = log.create(Experiment(), owner="me")
    assert "nothing to show yet" in comparing.view(log, {"runs": queued})["notes"][0]


def test_everything_comes_by_read_only_addresses(log: RunLog) -> None:
    a, b = write_run(log), write_run(log, Experiment(dataset="spirals", transfer=Transfer(n=30)), seed=1)
    status, _, body = get(f"/lab/compare/view.json?runs={a}&measure=kl")
    assert status == 200 and json.loads(body)["headline"].startswith("KL from the teacher: A ")
    status, _, body = get(f"/lab/compare/pair.json?runs={a},{b}")
    assert status == 409 and "different data" in json.loads(body)["error"]
    assert get("/lab/compare/secrets.json")[0] == 404
    status, _, body = get(f"/lab/compare/report.json?runs={a}&base=https://evil.example/")
    said = json.loads(body)
    assert status == 200 and said["link"].startswith("http://localhost") and f"runs={a}" in said["link"]
    assert [row[0] for row in said["results"]] == ["", "A", "B"] and len(said["explained"]) >= 2
    assert all("–" not in row[1] for row in said["common"])


# The page


def page(**address: str) -> AppTest:
    """The section alone, as a page shows it."""
    script = "from app import store\nfrom app.comparison import comparison\ncomparison.section(store.open_log())"
    shown = AppTest.from_string(script, default_timeout=30)
    for name, value in address.items():
        shown.query_params[name] = value
    shown.run()
    assert not shown.exception
    return shown


def test_the_section_opens_whatever_the_address_says(log: RunLog) -> None:
    run = write_run(log)
    strange: tuple[dict[str, str], ...] = (
        {},
        {"runs": run},
        {"runs": "gone,<b>"},
        {"runs": run, "measure": "luck", "smooth": "x", "also": ";;"},
    )
    for address in strange:
        assert not page(**address).error


def test_another_look_goes_into_the_address_and_leaves_the_rest_there(log: RunLog) -> None:
    run = write_run(log)
    look = {"runs": "evil", "baseline": f"{run}:hard", "x": "epoch"}
    script = (
        "import streamlit as st\nfrom app import store\nfrom app.comparison import comparison\n"
        "comparison._act(store.open_log(), st.session_state['given'])"
    )
    acted = AppTest.from_string(script, default_timeout=30)
    for name, value in {"runs": run, "search": "T = 4", "measure": "kl"}.items():
        acted.query_params[name] = value
    acted.session_state["given"] = {"do": "look", "serial": 1, "look": look}
    acted.run()
    assert not acted.exception
    assert dict(acted.query_params.items()) == {
        "runs": run,
        "search": "T = 4",
        "baseline": f"{run}:hard",
        "x": "epoch",
    }
