"""Every run as a line: found by words and conditions, sorted, paged; put away, deleted and brought back."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from kdcore.experiment import Arm, Experiment, Network, Teacher, Transfer
from kdcore.runs import RunLog, finding, library, schema, settings, shelf
from kdcore.runs.supervisor import prune

from .conftest import small


def finished(log: RunLog, accuracy: float = 0.8, *, group: str | None = None, tags: str = "", **changes: Any) -> str:
    """A run with a summary, of which no frame was ever written."""
    name = changes.pop("name", None)
    run_id = log.create(small(**changes), owner="me", group=group, name=name)
    log.claim(run_id, "host:1:0", {})
    line = {
        "control": "hard",
        "accuracy": {"hinton": accuracy, "hard": 0.7},
        "validation_accuracy": {"hinton": accuracy - 0.01, "hard": 0.7},
        "gain": {"hinton": accuracy - 0.7, "hard": 0.0},
        "best": {"hinton": [accuracy + 0.05, 40], "hard": [0.7, 10]},
    }
    log.set_state(run_id, "finished", summary=line)
    log.update(run_id, tags=tags)
    return run_id


def found(log: RunLog, find: str = "", **asked: Any) -> list[str]:
    return [row.id for row in library.rows(log, find, **asked).rows]


def hinton(**knobs: Any) -> tuple[Arm, ...]:
    return (Arm("hinton", **knobs), Arm("hard"))


def test_the_newest_come_first_and_pages_make_up_the_whole(log: RunLog) -> None:
    ids = [finished(log) for _ in range(7)]
    assert found(log) == ids[::-1]
    pages = [library.rows(log, offset=offset, limit=3) for offset in (0, 3, 6)]
    assert [row.id for page in pages for row in page.rows] == ids[::-1]
    assert {page.total for page in pages} == {7}


def test_words_are_looked_for_everywhere_and_all_must_be_there(log: RunLog) -> None:
    warm = finished(log, name="Warm teacher", tags="lecture,good")
    spiral = finished(log, dataset="spirals")
    noted = finished(log)
    shelf.note(log, [noted], notes="The ridge moves; see 50 % line")
    assert found(log, "warm") == [warm] and found(log, "GOOD warm") == [warm] and found(log, "spirals") == [spiral]
    assert found(log, '"the ridge"') == [noted] and found(log, "50 %") == [noted]
    assert found(log, "good spirals") == [] and set(found(log, "hinton")) == {warm, spiral, noted}
    assert found(log, spiral) == [spiral]


def test_any_setting_can_be_asked_for(log: RunLog) -> None:
    cool = finished(log, arms=hinton(temperature=1.0, alpha=0.5))
    hot = finished(log, arms=hinton(temperature=8.0, alpha=0.9), steps=99, split=2)
    few = finished(
        log, transfer=Transfer(n=17, labels=5), student=Network("mlp", widths=(32, 16)), steps=None, epochs=2
    )
    told = {
        "temperature = 8": [hot],
        "temperature=8.0": [hot],
        "temperature > 1 temperature<=4": [few],
        "temperature != 8": [few, cool],
        "alpha < 0.6": [cool],
        "steps = 99": [hot],
        "split>0": [hot],
        "labels = 5": [few],
        "n >= 17": [few],
        "student : 32": [few],
        "student = mlp-32-16": [few],
        "epochs = 2": [few],
        "methods = hard method = hinton temperature = 1": [cool],
        "teacher = MLP-16": [few, hot, cool],
        "seeds = 2 dataset != spirals": [few, hot, cool],
    }
    for find, wanted in told.items():
        assert found(log, find) == wanted, find


def test_measures_are_asked_for_in_the_units_of_the_screen(log: RunLog) -> None:
    low, high = finished(log, 0.8), finished(log, 0.92)
    assert found(log, "accuracy > 90") == [high] and found(log, "accuracy >= 92%") == [high]
    assert found(log, "gain < 10.001") == [low] and found(log, "gain = 22") == [high]
    assert found(log, "best_validation > 96") == [high] and found(log, "best_step = 40 accuracy = 80") == [low]
    assert found(log, "control_accuracy = 70") == [high, low] and found(log, "accuracy > 0.9") == [high, low]


@pytest.mark.parametrize(
    ("find", "sentence"),
    [
        ("tempreature > 2", "setting or measure 'tempreature'"),
        ("temperature > warm", "temperature > needs a number; got 'warm'"),
        ("x" * 501, "at most 500"),
    ],
)
def test_what_cannot_be_understood_is_said(log: RunLog, find: str, sentence: str) -> None:
    finished(log)
    with pytest.raises(finding.Unclear, match=sentence):
        library.rows(log, find)


def test_odd_letters_are_only_words(log: RunLog) -> None:
    run = finished(log, name="50% [a] (b) \\d+ <c> 'd")
    for word in ("%", "[a]", "(b)", "\\d+", "'d", '"<c> \'d"'):
        assert found(log, word) == [run], word
    for word in ('"', "= =", "><", ":"):
        found(log, word)


def test_lines_are_sorted_by_anything_and_those_without_it_come_last(log: RunLog) -> None:
    low, high, mid = finished(log, 0.7), finished(log, 0.9), finished(log, 0.8)
    waiting = log.create(small(arms=hinton(temperature=16.0)), owner="me")
    assert found(log, sort="accuracy") == [high, mid, low, waiting]
    assert found(log, sort="accuracy", descending=False) == [low, mid, high, waiting]
    assert found(log, sort="temperature")[0] == waiting
    assert found(log, sort="nothing") == [waiting, mid, high, low]
    shelf.note(log, [mid], name="aardvark")
    shelf.note(log, [low], name="Zebra")
    assert [row for row in found(log, sort="name", descending=False) if row in (low, mid)] == [mid, low]


def test_a_ladder_of_temperatures_is_found_by_each_of_them(log: RunLog) -> None:
    arms = tuple(Arm("hinton", name=f"T {t}", temperature=float(t)) for t in (1, 4, 16))
    ladder, plain = finished(log, arms=arms), finished(log)
    assert found(log, "temperature = 16") == [ladder] and found(log, "temperature != 16") == [plain]
    assert found(log, sort="temperature") == [ladder, plain]
    assert found(log, sort="temperature", descending=False) == [ladder, plain]
    (row,) = library.rows(log, "arms = 4").rows
    assert row.settings["temperature"] == (1.0, 4.0, 16.0)


def test_every_setting_of_an_experiment_can_be_seen() -> None:
    experiment = Experiment(
        dataset="spirals",
        teacher=Teacher(network=Network("mlp", widths=(8,)), wrong_labels=0.1, swap=((0, 1),)),
        transfer=Transfer(per_class=5, omit=(1,), wrong=0.2),
        arms=(Arm("hinton", temperature=3, alpha=0.7, learning_rate=0.01), Arm("hard")),
        seeds=(3, 5, 8),
    )
    told = settings.settings_of(experiment.model_dump_json())
    wanted = {
        "dataset": "spirals",
        "teacher": "mlp-8",
        "teacher_wrong_labels": 0.1,
        "teacher_swap": "0-1",
        "student": "mlp-64",
        "per_class": 5,
        "omit": "1",
        "wrong": 0.2,
        "seeds": 3,
        "temperature": 3.0,
        "alpha": 0.7,
        "weight": 0.7,
        "learning_rate": 0.01,
        "batch_size": 64,
        "optimizer": "adam",
        "arms": 2,
    }
    assert {name: told[name] for name in wanted} == {name: (value,) for name, value in wanted.items()}
    assert told["methods"] == ("hinton", "hard") and "n" not in told and "labels" not in told
    with pytest.raises(ValueError, match="no experiment"):
        settings.settings_of('{"dataset": "digits"}')


def test_reading_lines_never_reads_a_frame(log: RunLog, monkeypatch: pytest.MonkeyPatch) -> None:
    finished(log)

    def read(*_: object) -> None:
        raise AssertionError("a frame was read")

    for name in ("newest", "history", "keyframe", "stage", "_blob"):
        monkeypatch.setattr(log, name, read)
    assert library.rows(log, "accuracy > 10").total == 1


def test_a_line_that_another_version_wrote_is_still_a_line(log: RunLog) -> None:
    old, strange = finished(log), finished(log)
    log.update(old, summary=json.dumps({"accuracy": {"hinton": 0.5}, "gain": {"hinton": 0.1}}))
    log.update(strange, summary="{}", experiment='{"programme": "ladder"}')
    rows = {row.id: row for row in library.rows(log).rows}
    assert rows[old].measures == {"accuracy": 0.5, "gain": 0.1} and rows[old].arm == "hinton"
    assert rows[strange].measures == {} and rows[strange].settings == {}


def test_a_study_is_one_line_until_it_is_opened(log: RunLog) -> None:
    study = log.create_study("plane", "{}", owner="me", name="the ridge")
    alone = finished(log)
    worse, better = (finished(log, accuracy, group=study) for accuracy in (0.8, 0.9))
    teacher = finished(log, 0.99, group=study)
    log.update(better, teacher_run=teacher)
    assert found(log) == [alone, study]
    (row,) = library.rows(log, "ridge").rows
    assert (row.kind, row.name, row.runs, row.state) == ("plane", "the ridge", 3, "running")
    assert row.measures["accuracy"] == 0.9, "the best student on validation, never the teacher"
    assert found(log, study=study) == [teacher, better, worse]
    assert shelf.runs_of(log, [study, alone]) == [alone, worse, better, teacher]


def test_a_teacher_is_told_from_a_run(log: RunLog) -> None:
    run, teacher = finished(log), finished(log)
    log.update(run, teacher_run=teacher)
    assert {row.id: row.kind for row in library.rows(log).rows} == {run: "run", teacher: "teacher"}
    assert found(log, "kind = teacher") == [teacher]


def test_deleted_runs_are_nowhere_but_in_the_bin_and_come_back(log: RunLog) -> None:
    stays, goes = finished(log), finished(log, group="g")
    shelf.put_into_bin(log, [goes])
    assert found(log) == [stays] and found(log, bin=True) == [goes]
    assert [run.id for run in log.runs()] == [stays] and log.runs(group="g") == []
    assert log.run(goes) is not None
    shelf.put_back(log, [goes])
    assert found(log) == [goes, stays] and found(log, bin=True) == []


def test_the_bin_is_emptied_after_a_day(log: RunLog) -> None:
    old, fresh = finished(log, name="named"), finished(log)
    shelf.put_into_bin(log, [old, fresh])
    log.update(old, deleted=time.time() - 25 * 3600)
    assert prune(log) == [old]
    assert log.run(old) is None and found(log, bin=True) == [fresh]


def test_a_run_that_goes_on_stops_when_it_is_deleted(log: RunLog) -> None:
    waiting, running = log.create(small(), owner="me"), log.create(small(), owner="me")
    log.claim(running, "host:1:0", {})
    shelf.put_into_bin(log, [waiting, running])
    assert log.run(waiting).state == "stopped"  # type: ignore[union-attr]
    assert [pending.command.kind for pending in log.pending(running)] == ["stop"]
    assert log.queued() == []


def test_archived_runs_are_found_where_they_are_asked_for(log: RunLog) -> None:
    here, away = finished(log), finished(log)
    shelf.put_away(log, [away])
    assert found(log) == [here] and found(log, archived=True) == [away, here]
    shelf.put_away(log, [away], away=False)
    assert found(log) == [away, here]


def test_what_people_noted_is_kept_from_pruning(log: RunLog) -> None:
    noted, away, plain = finished(log), finished(log), finished(log)
    shelf.note(log, [noted], notes="look at this")
    shelf.put_away(log, [away])
    for run in (noted, away, plain):
        log.update(run, size=1000)
    assert log.prune(0) == [plain]


def test_names_tags_and_notes(log: RunLog) -> None:
    run, other = finished(log, tags="old"), finished(log)
    shelf.note(log, [run], name="  a   name ", tags=shelf.tags_from(" one,two , one,,"), notes=" why ")
    shelf.add_tags(log, [run, other], ["three"])
    first, second = log.run(run), log.run(other)
    assert first is not None and second is not None
    assert (first.name, first.tags, first.notes) == ("a name", ("one", "two", "three"), "why")
    assert second.tags == ("three",) and second.name is None
    for wrong in ({"name": "x" * 81}, {"notes": "x" * 4001}):
        with pytest.raises(shelf.Refused, match="at most"):
            shelf.note(log, [run], **wrong)
    with pytest.raises(shelf.Refused, match="21"):
        shelf.tags_from(",".join(map(str, range(21))))
    with pytest.raises(shelf.Refused, match="30 letters"):
        shelf.tags_from("x" * 31)


def test_two_thousand_runs_are_found_and_sorted_quickly(log: RunLog) -> None:
    texts = [small(split=split, arms=hinton(temperature=2.0**split)).model_dump_json() for split in range(5)]
    line = json.dumps({"control": "hard", **{name: {"hinton": 0.5, "hard": 0.4} for name in library.MEASURES}})
    one = {"state": "finished", "owner": "", "pace": "full", "summary": line, "created": time.time()}
    with log.write() as connection:
        rows = [one | {"id": f"r{number}", "experiment": texts[number % 5]} for number in range(2000)]
        connection.execute(schema.runs.insert(), rows)
    assert library.rows(log).total == 2000
    taken = []
    for _ in range(3):
        started = time.process_time()
        page = library.rows(log, "temperature > 4 hinton", sort="accuracy")
        taken.append(time.process_time() - started)
    assert page.total == 800 and min(taken) < 0.3
