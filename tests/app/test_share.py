"""Links to what is on screen, their QR codes, and what is handed out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import numpy as np
import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from streamlit import config
from streamlit.testing.v1 import AppTest

from app import handout, share, visible
from app.lessons import load_all
from kdcore.experiment import Arm, Experiment
from kdcore.runs import RunLog
from tests.app.made import write_run
from tests.app.page import opened
from tests.app.test_routes import get

HOST = {"host": "192.168.1.5:8501"}


def read(svg: bytes) -> str:
    """What a camera reads: the SVG's dark lines (one row of modules high) as pixels, eight to a module."""
    text = svg.decode()
    side = int(text.split('width="')[1].split('"')[0]) // 8
    modules = np.full((side, side), 255, dtype=np.uint8)
    x = y = 0.0
    for move, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?", text.split(' d="')[-1]):
        if move == "h":
            modules[int(y), int(x) : int(x + float(first))] = 0
            x += float(first)
        else:
            x, y = (float(first), float(second)) if move == "M" else (x + float(first), y + float(second))
    found = zxingcpp.read_barcode(np.kron(modules, np.ones((8, 8), dtype=np.uint8)))
    assert found is not None, "no code is seen"
    return str(found.text)


def shared(page: AppTest) -> str:
    """The link that the dialog shows."""
    page.button(key="share").click().run()
    assert not page.exception
    return str(page.code[0].value)


@given(st.dictionaries(st.sampled_from(["run", "show", "lesson", "step"]), st.text(max_size=40), max_size=4))
def test_a_code_is_read_back_to_the_link(query: dict[str, str]) -> None:
    link = share.link("/lessons", query, "http://192.168.1.5:8501/")
    assert read(share.qr(link)) == link
    given = {name: value for name, value in query.items() if value}
    assert {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()} == given


def test_a_text_that_no_camera_could_read_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 1500 letters"):
        share.qr("http://localhost/" + "x" * 2000)


def test_the_route_makes_codes_of_links_to_this_server_only() -> None:
    link = "http://192.168.1.5:8501/?run=abc&show=accuracy,headline"
    status, headers, body = get(f"/lab/qr.svg?text={quote(link, safe='')}", HOST)
    assert status == 200 and headers["content-type"].startswith("image/svg+xml")
    assert read(body) == link
    for other in (
        "http://evil.example/",
        "javascript:alert(1)",
        "http://192.168.1.5:8501@evil.example/",
        "",
        "http://[",
    ):
        status, _, body = get(f"/lab/qr.svg?text={quote(other, safe='')}", HOST)
        assert status == 400 and b"Only links to this server" in body
    assert get(f"/lab/qr.svg?text={quote(link + 'x' * 2000, safe='')}", HOST)[0] == 400


@pytest.fixture
def in_a_network() -> Iterator[None]:
    """As `make run HOST=0.0.0.0` sets it on a machine with this address."""
    before = config.get_option("browser.serverAddress")
    config.set_option("browser.serverAddress", "192.168.1.5")
    yield
    config.set_option("browser.serverAddress", before)


def test_others_are_given_the_address_that_they_can_reach(in_a_network: None) -> None:
    port = config.get_option("browser.serverPort")
    assert share.base("http://localhost:8600/?x=1") == "http://192.168.1.5:8600"
    assert share.base("https://lab.example/lessons") == "https://lab.example"
    assert share.base("") == f"http://192.168.1.5:{port}"


def test_a_server_that_only_this_machine_reaches_says_how_to_start_it(log: RunLog) -> None:
    page = opened()
    assert urlsplit(shared(page)).hostname == "localhost"
    assert "make run HOST=0.0.0.0" in page.warning[0].value


def test_a_server_in_a_network_says_nothing_of_the_kind(log: RunLog, in_a_network: None) -> None:
    page = opened()
    assert urlsplit(shared(page)).hostname == "192.168.1.5"
    assert not page.warning


def test_the_link_leads_to_what_is_on_screen(log: RunLog) -> None:
    run_id = write_run(log)
    assert urlsplit(shared(opened(run=run_id))).query == f"run={run_id}"
    assert urlsplit(shared(opened(steps="77", present="1"))).query == "steps=77"
    code = log.open_class("lecturer")
    assert "class" not in shared(opened(steps="77", **{"class": code, "alone": "1"}))


def test_what_is_not_ticked_is_not_in_the_link(log: RunLog) -> None:
    page = opened()
    shared(page)
    for name in ("heard", "method", "more"):
        page.checkbox(key=f"share-{name}").uncheck()
    query = parse_qs(urlsplit(shared(page)).query)
    assert set(query["show"][0].split(",")) == set(visible.PARTS) - {"heard", "method", "more"}
    again = opened(show=query["show"][0])
    shared(again)
    assert [box.key for box in again.checkbox if not box.value] == ["share-heard", "share-method", "share-more"]


def handed_out(run_id: str, query: str = "") -> dict[str, Any]:
    status, _, body = get(f"/lab/run/{run_id}/handout.json{query}", HOST)
    found: dict[str, Any] = json.loads(body)
    assert status == 200, found
    return found


def test_a_handout_says_what_the_run_showed(log: RunLog) -> None:
    run_id = write_run(log, Experiment(steps=600, seeds=3))
    said = handed_out(run_id)
    assert said["title"].startswith("Both saw these 30 pictures") and said["headline"] == "" and said["claims"] == []
    assert said["link"] == f"http://192.168.1.5:8501/?run={run_id}"
    assert read(get(said["qr_url"], HOST)[2]) == said["link"]
    head, teacher, opinions, labels = said["results"]
    assert head[:4] == ["", "test accuracy", "gain", "95 % interval"] and teacher[:2] == ["teacher", "97.7 %"]
    assert opinions[0] == "opinions" and opinions[2].endswith(" points") and " to " in opinions[3]
    assert labels[0] == "labels only" and labels[2:4] == ["", ""]
    assert ["seeds", "3"] in said["settings"] and ["changed while it ran", "nothing"] in said["settings"]
    assert any(name == "student “opinions”" and "temperature 4" in told for name, told in said["settings"])


def test_the_handout_of_a_lesson_has_its_text_and_verdicts(log: RunLog) -> None:
    lesson = next(iter(load_all().values()))
    step = lesson.steps[0]
    run_id = write_run(log, step.experiment)
    said = handed_out(run_id, f"?lesson={lesson.name}&step=1")
    assert said["title"] == f"{lesson.title}: {step.title}" and said["text"].startswith("<p>")
    assert [claim["text"] for claim in said["claims"]] == [claim.text for claim in step.claims]
    assert all(claim["verdict"].endswith("in this run") for claim in said["claims"])
    assert said["sources"] == list(lesson.sources)
    assert said["link"].startswith("http://192.168.1.5:8501/lessons?lesson=")
    going = write_run(log, step.experiment, state="running", steps=(0, 1, 3))
    assert handed_out(going, f"?lesson={lesson.name}&step=1")["claims"] == [], "nothing is judged before the end"
    other = write_run(log, Experiment(arms=(Arm("answers"),)))
    assert handed_out(other, f"?lesson={lesson.name}&step=1")["claims"] == [], "another experiment is not judged"


def test_a_handout_of_nothing_is_refused_with_a_sentence(log: RunLog) -> None:
    run_id = write_run(log)
    for query, sentence in (
        ("?lesson=never", "There is no lesson"),
        ("?lesson=thirty_pictures&step=99", "has the steps"),
    ):
        status, _, body = get(f"/lab/run/{run_id}/handout.json{query}", HOST)
        assert status == 404 and sentence in json.loads(body)["error"]
    assert get("/lab/run/never/handout.json")[0] == 404
    assert get(f"/lab/run/{log.create(Experiment(), owner='me')}/handout.json")[0] == 404


def test_a_lesson_text_is_not_html() -> None:
    made = handout._markdown.render("a <script>x</script> [l](javascript:x) ![i](http://other/i.png)")
    assert "<script" not in made and 'href="javascript' not in made and "<img" not in made
