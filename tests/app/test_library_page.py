"""The library on the page Compare, without a browser: what is found, chosen, noted, deleted; and by whom."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app import share, viewers
from app.library import library_table
from kdcore.experiment import Experiment
from kdcore.runs import RunLog, bundle, library
from kdcore.runs.summary import Account
from tests.app.made import make_frame, write_run
from tests.app.page import MAIN

COMPARE = str(Path(MAIN).parent / "screens" / "compare.py")


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that an earlier test read is shown."""
    monkeypatch.setattr(viewers, "FRESH", 0.0)
    monkeypatch.setattr(share, "HERE_ONLY", ())  # as on a server that others reach; a test says where it is not so


def line(log: RunLog, owner: str = "me", accuracy: float = 0.9, **changes: Any) -> str:
    """A finished run as a line with numbers; it has no frames."""
    experiment = Experiment(**changes)
    run_id = log.create(experiment, owner=owner)
    log.claim(run_id, "worker", {})
    account = Account({})
    account.see(make_frame(experiment, experiment.steps or 600, gain=accuracy - 0.8, spread=0.0))
    log.set_state(run_id, "finished", summary=account.line())
    return run_id


def opened(browser: str = "me", chosen: tuple[str, ...] = (), **address: str) -> AppTest:
    """The page as that browser sees it, with these runs chosen."""
    page = AppTest.from_file(MAIN, default_timeout=30)
    for name, value in address.items():
        page.query_params[name] = value
    page.session_state["browser"] = browser
    page.session_state["library_chosen"] = list(chosen)
    page.switch_page("screens/compare.py")
    page.run()
    assert not page.exception
    return page


def shown(page: AppTest) -> list[str]:
    """The first column of the table, from the top."""
    return page.dataframe[0].value["title"].tolist() if page.dataframe else []


def button(page: AppTest, label: str) -> Any:
    return next(button for button in page.button if button.label == label)


def said(page: AppTest) -> str:
    return " ".join(text.value for text in page.markdown)


def test_every_run_is_a_line_with_its_last_measures(log: RunLog) -> None:
    first, second = line(log, accuracy=0.85), line(log, accuracy=0.91, dataset="spirals")
    page = opened()
    assert shown(page) == [second, first]
    table = page.dataframe[0].value
    assert table["accuracy"].tolist() == pytest.approx([91, 85]) and table["gain"].tolist() == pytest.approx([11, 5])
    assert table["dataset"].tolist() == ["spirals", "digits"] and table["temperature"].tolist() == [4, 4]
    assert "2 runs." in said(page)


def test_search_and_order_are_part_of_the_address(log: RunLog) -> None:
    low, high = line(log, accuracy=0.81), line(log, accuracy=0.92)
    line(log, dataset="spirals")
    page = opened(find="dataset = digits accuracy > 80", sort="accuracy", order="ascending")
    assert shown(page) == [low, high] and "2 runs." in said(page)
    page.text_input(key="library_find").set_value("accuracy > 90 digits").run()
    assert shown(page) == [high] and "1 run." in said(page)


def test_what_cannot_be_understood_hides_nothing(log: RunLog) -> None:
    run = line(log)
    page = opened(find="tempreature > 2")
    assert shown(page) == [run] and "'tempreature'" in page.warning[0].value
    page.text_input(key="library_find").set_value("nothing-like-this").run()
    assert shown(page) == [] and "No run is like that." in said(page) and not page.warning


@pytest.mark.parametrize(
    "address",
    [{"sort": "<b>"}, {"view": "x"}, {"find": '"' * 60}, {"study": "../"}, {"runs": "a" * 3000}, {"find": "x" * 900}],
)
def test_any_address_opens_the_page(log: RunLog, address: dict[str, str]) -> None:
    line(log)
    opened("me", (), **address)


def test_no_run_is_said(log: RunLog) -> None:
    assert "There is no run yet." in said(opened()) and "The bin is empty." in said(opened(view="bin"))


def test_pages_of_fifty(log: RunLog) -> None:
    ids = [log.create(Experiment(), owner="me") for _ in range(51)]
    page = opened()
    assert shown(page) == ids[:0:-1] and "51 runs." in said(page)
    page.session_state["library_page"] = 2
    assert shown(page.run()) == ids[:1]
    page.session_state["library_chosen"] = ids[:1]
    button(page.run(), "Delete").click().run()
    assert shown(page) == ids[:0:-1]


def test_chosen_runs_become_the_address_of_a_comparison(log: RunLog) -> None:
    ids = [write_run(log) for _ in range(2)]
    page = opened(chosen=tuple(ids))
    button(page, "Compare 2 runs").click().run()
    assert page.query_params["runs"] == ",".join(ids)


def test_more_than_twelve_are_not_compared(log: RunLog) -> None:
    page = opened(chosen=tuple(line(log) for _ in range(13)))
    assert button(page, "Compare 13 runs").disabled


def test_deleting_can_be_undone(log: RunLog) -> None:
    goes, stays = line(log), line(log)
    page = opened(chosen=(goes,))
    button(page, "Delete").click().run()
    assert shown(page) == [stays] and "1 run deleted." in said(page) and page.session_state["library_chosen"] == []
    assert shown(opened(view="bin")) == [goes]
    button(page, "Undo").click().run()
    assert shown(page) == [stays, goes]


def test_runs_come_out_of_the_bin(log: RunLog) -> None:
    goes = line(log)
    button(opened(chosen=(goes,)), "Delete").click().run()
    button(opened(chosen=(goes,), view="bin"), "Put back").click().run()
    assert shown(opened()) == [goes]


def test_a_run_obeys_only_its_own_browser(log: RunLog) -> None:
    theirs, mine = line(log, owner="them"), line(log)
    page = opened(chosen=(theirs, mine))
    button(page, "Delete").click().run()
    assert shown(page) == [theirs] and "1 run deleted." in said(page) and "belongs to another browser" in said(page)
    for label in ("Archive", "Delete"):
        page = opened(browser="", chosen=(theirs,))
        button(page, label).click().run()
        assert shown(opened()) == [theirs]


def test_on_a_server_of_this_machine_alone_everybody_may(log: RunLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share, "HERE_ONLY", (st.get_option("server.address"),))
    theirs = line(log, owner="them")
    button(opened(chosen=(theirs,)), "Delete").click().run()
    assert shown(opened()) == []


def test_the_recorded_run_stays(log: RunLog) -> None:
    run = write_run(log)
    log.update(run, recorded=True)
    page = opened(chosen=(run,))
    button(page, "Delete").click().run()
    assert "comes with the program" in said(page) and len(shown(page)) == 1


def test_archived_runs_are_out_of_the_way(log: RunLog) -> None:
    away = line(log)
    page = opened(chosen=(away,))
    button(page, "Archive").click().run()
    assert shown(page) == [] and shown(opened(view="archive")) == [away]
    button(opened(chosen=(away,), view="archive"), "Out of the archive").click().run()
    assert shown(opened()) == [away]


def test_name_tags_and_notes_of_one_run(log: RunLog) -> None:
    run = line(log)
    page = opened(chosen=(run,))
    name, tags = (next(box for box in page.text_input if box.label.startswith(word)) for word in ("Name", "Tags"))
    name.set_value("the warm one")
    tags.set_value("lecture, good")
    page.text_area[0].set_value("look at the ridge")
    button(page, "Save").click().run()
    found = log.run(run)
    assert found is not None
    assert (found.name, found.tags, found.notes) == ("the warm one", ("lecture", "good"), "look at the ridge")
    assert shown(page) == ["the warm one"]
    assert page.dataframe[0].value["tags"].tolist()[0].tolist() == ["lecture", "good"]


def test_tags_for_several_runs_and_what_is_wrong_with_them(log: RunLog) -> None:
    ids = (line(log), line(log))
    page = opened(chosen=ids)
    box = next(box for box in page.text_input if box.label.startswith("Add tags"))
    box.set_value("good")
    button(page, "Save").click().run()
    assert [log.run(run).tags for run in ids] == [("good",)] * 2  # type: ignore[union-attr]
    page = opened(chosen=ids)
    box = next(box for box in page.text_input if box.label.startswith("Add tags"))
    box.set_value("x" * 31)
    button(page, "Save").click().run()
    assert "at most 30 letters" in said(page)
    assert [log.run(run).tags for run in ids] == [("good",)] * 2  # type: ignore[union-attr]


def test_a_study_is_opened_and_left(log: RunLog) -> None:
    study = log.create_study("plane", "{}", owner="me", name="the ridge")
    alone = line(log)
    shard = log.create(Experiment(), owner="me", group=study)
    page = opened(chosen=(study,))
    assert set(shown(page)) == {"the ridge", alone}
    button(page, "Show its runs").click().run()
    assert shown(page) == [shard]
    button(page, "Back to all").click().run()
    assert set(shown(page)) == {"the ridge", alone}


def test_deleting_a_study_ends_it_with_all_of_its_runs(log: RunLog) -> None:
    study = log.create_study("search", "{}", owner="me")
    shards = [log.create(Experiment(), owner="me", group=study) for _ in range(2)]
    button(opened(chosen=(study,)), "Delete").click().run()
    assert shown(opened()) == [] and log.study(study).state == "stopped"  # type: ignore[union-attr]
    assert all(log.run(run).state == "stopped" for run in shards)  # type: ignore[union-attr]


def test_an_imported_file_becomes_chosen_runs_of_this_browser(log: RunLog, tmp_path: Path) -> None:
    ids = [write_run(log), write_run(log, seed=1)]
    bundle.save(log, ids, tmp_path / "two.dklab")
    page = opened()
    page.file_uploader[0].set_value(("two.dklab", (tmp_path / "two.dklab").read_bytes(), "application/zip")).run()
    assert not page.exception and "2 runs imported." in said(page)
    chosen = page.session_state["library_chosen"]
    assert len(chosen) == 2 and all(log.run(run).owner == "me" for run in chosen)  # type: ignore[union-attr]


def test_a_file_that_is_wrong_imports_nothing(log: RunLog) -> None:
    page = opened()
    page.file_uploader[0].set_value(("wrong.dklab", b"not a zip", "application/zip")).run()
    assert not page.exception and "wrong.dklab" in page.error[0].value and log.runs() == []


def test_states_are_said_in_words(log: RunLog) -> None:
    run = write_run(log, state="running", steps=(0, 1, 30))
    log.create(Experiment(), owner="me")
    table = opened().dataframe[0].value
    assert table["state"].tolist() == ["waits", "step 30 of 600"]
    assert table["title"].tolist()[1] == run


def test_a_column_is_of_numbers_where_all_its_values_are(log: RunLog) -> None:
    ladder = Experiment.model_validate(
        {"arms": [{"method": "hinton", "name": f"T {t}", "temperature": t} for t in (1, 2, 4, 8, 16)]}
    )
    line(log)
    rows = library.rows(log).rows
    table = library_table.table(rows, ["temperature", "student", "seeds"])
    assert [pa.types.is_floating(kind) for kind in table.schema.types[2:]] == [True, False, True]
    log.create(ladder, owner="me")
    table = library_table.table(library.rows(log).rows, ["temperature"])
    assert table["temperature"].to_pylist() == ["1 to 16", "4"]


def test_odd_texts_of_other_people_are_only_texts(log: RunLog) -> None:
    odd = "<img src=x onerror=alert(1)> [link](http://x) $a$ :red[b] `c` **d**"
    run = line(log)
    log.update(run, name=odd, tags=odd.replace(",", ""), notes=odd, summary=json.dumps({"accuracy": {odd: 0.5}}))
    page = opened(chosen=(run,))
    assert shown(page) == [odd] and "onerror" not in said(page)


def test_the_page_reads_a_file_of_the_export(log: RunLog) -> None:
    run = write_run(log)
    from app.library import exports

    imported, _ = bundle.load(log, io.BytesIO(exports.file(log, exports.asked(log, run))), "x", "me")
    assert library.rows(log, imported[0]).total == 1
