"""The read-only addresses beside the page."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette

from app import routes, store
from kdcore.experiment import Experiment
from kdcore.runs import LogUnavailable, RunLog
from tests.app.made import make_stage, write_run

SERVER = Starlette(routes=routes.ROUTES)


def get(path: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
    """Ask the routes as a server would: status, headers, body."""
    place, _, query = path.partition("?")
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": place,
        "raw_path": place.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in (headers or {}).items()],
        "http_version": "1.1",
        "scheme": "http",
        "server": ("localhost", 80),
        "client": ("localhost", 1),
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    asyncio.run(SERVER(scope, receive, send))
    start = sent[0]
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, body


def test_plotly_comes_from_here_packed_and_for_good() -> None:
    status, headers, body = get("/lab/plotly.min.js")
    assert status == 200 and headers["content-encoding"] == "gzip" and "immutable" in headers["cache-control"]
    assert len(body) < 2_000_000 and b"plotly.js" in gzip.decompress(body)[:500]


def test_the_boards_files_are_served_and_nothing_else() -> None:
    status, headers, _ = get("/lab/board/board.js?v=1")
    assert (
        status == 200
        and headers["content-type"].startswith("text/javascript")
        and "immutable" in headers["cache-control"]
    )
    status, headers, _ = get("/lab/board/board.js")
    assert headers["cache-control"] == "no-cache"
    assert get("/lab/board/board.js", {"if-none-match": headers["etag"]})[0] == 304
    for name in ("board.py", "..%2froutes.py", "../routes.py", "nothing.js"):
        assert get(f"/lab/board/{name}")[0] == 404


def test_the_stage_is_plain_json(log: RunLog) -> None:
    run_id = write_run(log)
    status, headers, body = get(f"/lab/run/{run_id}/stage.json?v=1")
    stage, made = json.loads(body), make_stage(Experiment())
    assert status == 200 and "immutable" in headers["cache-control"]
    assert stage["labels"] == made.labels.tolist() and len(stage["teacher_logits"]) == len(made.labels)
    assert stage["transfer"]["3"]["rows"] == made.transfer_rows[3].tolist()
    assert stage["shape"] == [8, 8] and stage["points"] is None and stage["transfer_size"] == 30
    assert sum(line["name"] in made.class_names for line in stage["embedding"]["data"]) == 10, "the teacher's points"


def test_pictures_are_one_sheet_in_stage_order(log: RunLog) -> None:
    run_id = write_run(log)
    status, headers, body = get(f"/lab/run/{run_id}/pictures.png?v=1")
    sheet, made = np.array(Image.open(io.BytesIO(body))), make_stage(Experiment())
    assert status == 200 and headers["content-type"] == "image/png"
    assert made.pictures is not None
    row = 27
    line, column = divmod(row, routes.COLUMNS)
    np.testing.assert_array_equal(sheet[line * 8 : line * 8 + 8, column * 8 : column * 8 + 8], made.pictures[row])


def test_points_have_no_pictures(log: RunLog) -> None:
    run_id = write_run(log, Experiment(dataset="spirals"))
    assert json.loads(get(f"/lab/run/{run_id}/stage.json")[2])["embedding"] is None
    stage = json.loads(get(f"/lab/run/{run_id}/stage.json")[2])
    assert stage["pictures_url"] is None and len(stage["points"][0]) == 2
    assert get(f"/lab/run/{run_id}/pictures.png")[0] == 404


def test_keyframes_come_by_number(log: RunLog) -> None:
    run_id = write_run(log)
    for follow in ("", "?follow=", "?follow=3"):
        status, _, body = get(f"/lab/run/{run_id}/keyframe/42.json{follow}")
        assert status == 200 and json.loads(body)["step"] == 30
    assert get(f"/lab/run/{run_id}/keyframe/42.json?follow=x")[0] == 400


@pytest.mark.parametrize(
    "path",
    [
        "/lab/run/nothing/stage.json",
        "/lab/run/a'b/stage.json",
        "/lab/run/nothing/pictures.png",
        "/lab/run/x/keyframe/1.json",
    ],
)
def test_an_unknown_run_is_refused_with_a_sentence(log: RunLog, path: str) -> None:
    status, headers, body = get(path)
    assert status == 404 and json.loads(body) == {"error": "There is no run of that name."}
    assert headers["cache-control"] == "no-store"


def test_a_run_without_frames_has_nothing_to_show_yet(log: RunLog) -> None:
    run_id = log.create(Experiment(), owner="me")
    assert json.loads(get(f"/lab/run/{run_id}/stage.json")[2])["error"] == "This run has nothing to show yet."


def test_a_log_that_cannot_be_used_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def locked() -> RunLog:
        raise LogUnavailable("The log is locked.")

    monkeypatch.setattr(store, "open_log", locked)
    assert get("/lab/run/x/stage.json")[0] == 503
