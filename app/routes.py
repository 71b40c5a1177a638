"""Read-only addresses beside Streamlit's own, for what must not ride on every tick of the board."""

import gzip
import hashlib
import io
import json
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import component, glossary, lesson_walk, share, store
from app import handout as handouts
from app.charts import embeddings
from app.charts.common import whole
from app.comparison import comparing
from app.library import exports
from app.magnified import opinions as opinions_of
from app.plane import tuned, tuning_snapshot
from app.snapshot import keyframe_view, stage_version
from app.watch import Watched, watch
from kdcore.frame import Stage
from kdcore.runs import LogUnavailable

TYPES = {".js": "text/javascript", ".css": "text/css"}
FOREVER = "public, max-age=31536000, immutable"
SVG = "image/svg+xml"
COLUMNS = 25
RUN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Refused(Exception):
    """What was asked for cannot be given: status and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def _json(content: Any, *, status: int = 200, cache: str = "no-store") -> Response:
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return Response(text, status, {"Cache-Control": cache, "X-Content-Type-Options": "nosniff"}, "application/json")


def _answer(make: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """A refusal becomes a small JSON with one sentence."""

    def endpoint(request: Request) -> Response:
        try:
            return make(request)
        except Refused as refused:
            return _json({"error": str(refused)}, status=refused.status)
        except LogUnavailable as unavailable:
            return _json({"error": str(unavailable)}, status=503)

    return endpoint


def _watched(request: Request) -> tuple[Watched, Stage]:
    run_id = request.path_params["run"]
    watched = watch(store.open_log(), run_id) if RUN_ID.fullmatch(run_id) else None
    if watched is None:
        raise Refused(404, "There is no run of that name.")
    if watched.stage is None:
        raise Refused(404, "This run has nothing to show yet.")
    return watched, watched.stage


@lru_cache(maxsize=1)
def _plotly() -> bytes:
    from importlib.util import find_spec

    found = find_spec("plotly")
    assert found is not None and found.origin is not None
    script = Path(found.origin).parent / "package_data" / "plotly.min.js"
    return gzip.compress(script.read_bytes(), 6)


@_answer
def plotly(request: Request) -> Response:
    """Plotly's own script, as the Python package carries it."""
    headers = {"Cache-Control": FOREVER, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Response(_plotly(), headers=headers, media_type="text/javascript")


@_answer
def component_file(request: Request) -> Response:
    """One script or style sheet of a component."""
    path = component.files().get((request.path_params["folder"], request.path_params["file"]))
    if path is None:
        raise Refused(404, "There is no such file.")
    content = path.read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    headers = {"Cache-Control": FOREVER if request.query_params.get("v") else "no-cache", "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=TYPES[path.suffix])


@_answer
def stage(request: Request) -> Response:
    """What stays fixed in a run, for the browser."""
    watched, fixed = _watched(request)
    return _json(stage_json(watched, fixed), cache=_private(request))


def stage_json(watched: Watched, fixed: Stage) -> dict[str, Any]:
    """The stage as plain JSON; pictures come as one sheet beside it."""
    sheet = f"/lab/run/{watched.run.id}/pictures.png?v={stage_version(watched)}"
    seats = zip(fixed.seeds, fixed.transfer_rows, fixed.transfer_labels, strict=True)
    return {
        "pictures_url": sheet if fixed.pictures is not None else None,
        "shape": list(fixed.pictures.shape[1:]) if fixed.pictures is not None else None,
        "columns": COLUMNS,
        "labels": whole(fixed.labels),
        "teacher_logits": np.round(fixed.teacher_logits.astype(np.float64), 3).tolist(),
        "probe_rows": whole(fixed.probe_rows),
        "transfer": {str(seed): {"rows": whole(rows), "labels": whole(labels)} for seed, rows, labels in seats},
        "transfer_size": fixed.transfer_size,
        "points": None if fixed.points is None else np.round(fixed.points.astype(np.float64), 3).tolist(),
        "classes": list(fixed.class_names),
        "embedding": embeddings.of_teacher(fixed, revision=watched.run.id),
    }


@_answer
def pictures(request: Request) -> Response:
    """All pictures of a stage in one PNG, row by row."""
    watched, fixed = _watched(request)
    if fixed.pictures is None:
        raise Refused(404, "This run has no pictures: its data are numbers.")
    png = watched.keep(("pictures", watched.run.id), lambda: sprite_sheet(fixed.pictures))
    return Response(png, headers={"Cache-Control": _private(request)}, media_type="image/png")


def sprite_sheet(images: Any) -> bytes:
    """Pictures `[picture, height, width]` uint8 as one grey PNG with COLUMNS in a line."""
    count, height, width = images.shape
    lines = -(-count // COLUMNS)
    filled = np.zeros((lines * COLUMNS, height, width), dtype=np.uint8)
    filled[:count] = images
    sheet = filled.reshape(lines, COLUMNS, height, width).swapaxes(1, 2).reshape(lines * height, COLUMNS * width)
    stream = io.BytesIO()
    Image.fromarray(sheet).save(stream, "PNG", optimize=True)
    return stream.getvalue()


@_answer
def opinions(request: Request) -> Response:
    """What the students of the shown seed say now, for the microscope."""
    watched, _ = _watched(request)
    frame = watched.frame
    if frame is None or frame.shown is None:
        raise Refused(404, "The students of this run cannot be seen one by one yet.")
    text = request.query_params.get("seed", "")
    seed = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
    try:
        said = watched.keep(("opinions", frame.step, frame.at, seed), lambda: opinions_of(watched, frame, seed))
    except (KeyError, ValueError):
        raise Refused(404, "The students of that seed cannot be asked.") from None
    return _json(said, cache="no-store")


@_answer
def plane_curve(request: Request) -> Response:
    """How one cell of a plane learnt."""
    plane_id, at = request.path_params["plane"], [request.query_params.get(name, "") for name in ("column", "row")]
    shown = tuned.look(store.open_log(), plane_id) if RUN_ID.fullmatch(plane_id) else None
    if shown is None or not all(text.isascii() and text.isdigit() and len(text) < 4 for text in at):
        raise Refused(404, "There is no such cell of a plane.")
    column, row = map(int, at)
    if column >= shown.shape[1] or row >= shown.shape[0]:
        raise Refused(404, "There is no such cell of a plane.")
    return _json({"figure": tuning_snapshot.curve(shown, column, row)})


@_answer
def keyframe(request: Request) -> Response:
    """The board at an earlier step."""
    watched, _ = _watched(request)
    follow = request.query_params.get("follow")
    if follow and not (follow.isascii() and follow.isdigit() and len(follow) < 8):
        raise Refused(400, "follow is the number of a row.")
    step = request.path_params["step"]
    view = keyframe_view(watched.log, watched.run.id, step, int(follow) if follow else None)
    if view is None:
        raise Refused(404, f"No picture of this run is kept at or before step {step}.")
    return _json(view, cache="private, max-age=3600" if not watched.live else "no-store")


@_answer
def handout(request: Request) -> Response:
    """The words and numbers of a handout, for the browser to put around its figures."""
    watched, fixed = _watched(request)
    lesson, step = (request.query_params.get(name, "") for name in ("lesson", "step"))
    if watched.frame is None:
        raise Refused(404, "This run has nothing to hand out yet.")
    try:
        said = handouts.content(
            watched, watched.frame, fixed, lesson_walk.find(lesson, step or "1") if lesson else None
        )
    except lesson_walk.Astray as astray:
        raise Refused(404, str(astray)) from astray
    place = {"lesson": lesson, "step": step, "run": "" if watched.run.recorded else watched.run.id}
    link = share.link("/lessons" if lesson else "/", place, str(request.base_url))
    return _json(said | {"link": link, "qr_url": share.qr_url(link)})


@_answer
def compared(request: Request) -> Response:
    """One part of a comparison: everything in it follows from the parameters of its link."""
    make = comparing.PARTS.get(request.path_params["part"])
    if make is None:
        raise Refused(404, "A comparison has no such part.")
    try:
        return _json(make(store.open_log(), {**request.query_params, "base": str(request.base_url)}))
    except comparing.Unfit as unfit:
        raise Refused(409, str(unfit)) from unfit


@_answer
def export(request: Request) -> Response:
    """Runs for other programs: as JSON, Parquet, CSV, or as a file that another installation imports."""
    name = request.url.path.rpartition("/")[2]
    made = exports.MADE[name]
    try:
        log = store.open_log()
        content = made.make(log, exports.asked(log, request.query_params.get("runs", "")))
    except exports.Unfit as unfit:
        raise Refused(400, str(unfit)) from unfit
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    if made.saved:
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return Response(content, headers=headers, media_type=made.kind)


@_answer
def terms(request: Request) -> Response:
    """The sentence of every word that is explained, by the word in small letters."""
    known = {word: {"term": term.term, "sentence": term.sentence} for word, term in glossary.words().items()}
    return _json(known, cache="private, max-age=600")


@_answer
def qr(request: Request) -> Response:
    """A link to this server as a QR code; nothing else is put into one."""
    text = request.query_params.get("text", "")
    if not share.is_ours(text, request.headers.get("host", "")):
        raise Refused(400, "Only links to this server are made into QR codes.")
    try:
        code = share.qr(text)
    except ValueError as error:
        raise Refused(400, f"This link is too long: {error}.") from error
    return Response(code, headers={"Cache-Control": FOREVER, "X-Content-Type-Options": "nosniff"}, media_type=SVG)


def _private(request: Request) -> str:
    return "private, max-age=31536000, immutable" if request.query_params.get("v") else "no-store"


ROUTES = [
    Route("/lab/plotly.min.js", plotly),
    Route("/lab/qr.svg", qr),
    Route("/lab/glossary.json", terms),
    Route("/lab/run/{run}/stage.json", stage),
    Route("/lab/run/{run}/opinions.json", opinions),
    Route("/lab/run/{run}/handout.json", handout),
    Route("/lab/run/{run}/pictures.png", pictures),
    Route("/lab/run/{run}/keyframe/{step:int}.json", keyframe),
    Route("/lab/compare/{part}.json", compared),
    *(Route(f"/lab/{name}", export) for name in exports.MADE),
    Route("/lab/plane/{plane}/curves.json", plane_curve),
    Route("/lab/{folder}/{file}", component_file),
]
