"""Data of one's own on the page Tune: a dropped NPZ file becomes a data set with its teacher."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import streamlit as st

from app import browser_key, share
from app.sentences import percent
from kdcore import datasets, measures
from kdcore.datasets import Malformed, Missing, own, upload
from kdcore.runs import RunLog

HOLDS = f"""
Three arrays in one NPZ file, row for row the same examples; at most {upload.MOST_ROWS:,} rows and
{upload.MOST_BYTES // 1_000_000} MB.

- **inputs** (or X): `[rows, features]`, taken as they are, or pictures `[rows, height, width]` or
  `[rows, channels, height, width]` in [0, 1] (whole numbers: 0 to 255)
- **labels** (or y): `[rows]`, classes numbered from 0, each with {upload.LEAST_ROWS} rows or more
- **teacher_logits** (or logits): `[rows, classes]`, what your teacher says of each row, before the softmax
"""
EXAMPLE = """\
import numpy as np
logits = teacher(torch.from_numpy(X)).detach().numpy()
np.savez("mine.npz", X=X, y=y, logits=logits)
"""
AFTERWARDS = (
    "60 % of each class are to learn from, 15 % to choose by, 25 % to report; the split number divides them anew. The "
    "file stays on this server and is never unpickled. Only what its teacher said is known, so nothing new can be "
    "asked of it: there is no drawing pad and no decision surface."
)
SHOWN, COLUMNS, SIDE = 6, 5, 72


def section(log: RunLog) -> None:
    """Where to drop a file and what it must hold; beside it what there is, and where it can be used."""
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("#### Train students of your own teacher")
        st.markdown(HOLDS)
        st.code(EXAMPLE, language=None, wrap_lines=True)
        _dropped()
    with right:
        st.markdown("#### Your data sets")
        names = sorted(own.names(), key=lambda name: -_added(name))
        if not names:
            st.markdown("None yet. A file that is dropped here becomes one, and a choice under “data” everywhere.")
        else:
            chosen = st.selectbox("Data set", names, key="own-chosen", format_func=_spoken)
            _shown(log, chosen)
        st.markdown(AFTERWARDS)
    browser_key.ask()  # last, so that nothing moves when it is known


def _dropped() -> None:
    """The field for the file; each file is read once, and what came of it stays on the page."""
    state = st.session_state
    file = st.file_uploader("NPZ file", type="npz", max_upload_size=upload.MOST_BYTES // 1_000_000, key="own-file")
    if file is None:
        return
    if state.get("own-read") != file.file_id:
        state["own-read"], state["own-wrong"] = file.file_id, ""
        try:
            with st.spinner("Reading the file …"):
                state["own-chosen"] = own.add(file.getvalue(), Path(file.name).stem, state.get("browser", ""))
        except Malformed as wrong:
            state["own-wrong"] = str(wrong)
        except OSError as wrong:
            state["own-wrong"] = f"The data set could not be kept: {wrong.strerror}."
    if state["own-wrong"]:
        st.error(state["own-wrong"], title="This file cannot be used; nothing of it was kept")
    else:
        st.success(f"{_spoken(state['own-chosen'])} is ready.")


def _shown(log: RunLog, name: str) -> None:
    """One data set: what was found in it, a few rows, where to use it, and taking it away."""
    facts = datasets.facts(name)
    try:
        validation, test = _right(name)
    except (Missing, Malformed) as wrong:
        st.error(str(wrong))
        return
    shape = " x ".join(map(str, facts.input_shape))
    kind = f"pictures of {shape} pixels" if len(facts.input_shape) == 3 else f"{shape} features a row, no pictures"
    st.markdown(
        f"{facts.train + facts.validation + facts.test:,} rows, {kind}, {len(facts.classes)} classes. "
        f"{facts.train:,} rows to learn from ({facts.smallest_class:,} of the smallest class), {facts.validation:,} to "
        f"choose by, {facts.test:,} to report.\n\nThe teacher is right on **{percent(validation)}** of the validation "
        f"rows and **{percent(test)}** of the test rows."
    )
    if validation < 1.5 / len(facts.classes):
        st.warning("That is hardly better than guessing. Are the three arrays in the same order?")
    _preview(name)
    with st.container(horizontal=True, vertical_alignment="center"):
        query = {"dataset": name}
        st.page_link("screens/lab.py", label="Use it in the Lab", icon=":material/science:", query_params=query)
        st.button("Use it in the plane", icon=":material/grid_on:", type="tertiary", on_click=_to_plane, args=(name,))
        _removal(log, name)


def _to_plane(name: str) -> None:
    """The other tab of this page, with these data; a link to the page that is shown would lead nowhere."""
    st.query_params.from_dict({"dataset": name})
    st.session_state["tab"] = "Plane"


def _preview(name: str) -> None:
    """A few test rows, with what their labels and the teacher say."""
    data = datasets.load(name)
    assert data.teacher_logits is not None
    rows = data.test[:SHOWN]
    told = zip(data.labels[rows].tolist(), data.teacher_logits[rows].argmax(-1).tolist(), strict=True)
    if len(data.facts.input_shape) == 3:
        with st.container(horizontal=True):
            for (label, said), picture in zip(told, data.inputs[rows].numpy(), strict=True):
                with st.container(width="content", gap=None, horizontal_alignment="center"):
                    st.image(_picture(picture), width=SIDE, alt=f"A test picture of class {label}")
                    st.markdown(f"{label}" if said == label else f"{label} ✗ {said}", width="content")
        st.markdown("Test pictures with their labels; after ✗ what the teacher says instead.")
        return
    columns = min(COLUMNS, data.inputs.shape[1])
    more = data.inputs.shape[1] > columns
    head = ["label", "teacher", *map(str, range(columns)), *["…"] * more]
    lines = [f"| {' | '.join(head)} |", "|" + "--:|" * len(head)]
    for (label, said), values in zip(told, data.inputs[rows, :columns].tolist(), strict=True):
        lines.append(f"| {label} | {said} | {' | '.join(f'{value:.3g}' for value in values)} |{' |' * more}")
    st.markdown("\n".join(lines))


def _picture(picture: np.ndarray) -> np.ndarray:
    """`[channel, height, width]` in [0, 1] as bytes, grey or in colours, enlarged without smoothing."""
    times = max(1, SIDE // max(picture.shape[1:]))
    shown = picture.transpose(1, 2, 0) if len(picture) == 3 else picture.mean(0)
    return (shown.repeat(times, 0).repeat(times, 1) * 255).round().astype(np.uint8)


def _removal(log: RunLog, name: str) -> None:
    """Taking it away, where this browser may and no run that goes on needs it."""
    known = own.about(name)
    mine = known is not None and known.owner and known.owner == st.session_state.get("browser")
    if not mine and not share.unreachable():
        return  # others can reach this server: only who added it may take it away
    with st.popover("Remove", icon=":material/delete:"):
        if any(f'"{name}"' in run.experiment_json for run in (*log.queued(), *log.active())):
            st.markdown("A run that is going on uses it. It can be removed when that run has ended.")
            return
        st.markdown(
            "Runs that were trained on it stay and can be looked at. To train on it again, drop the file again."
        )
        st.button("Remove it from this server", key="own-remove", on_click=_remove, args=(name,))


def _remove(name: str) -> None:
    if name in own.names():
        own.remove(name)
    st.session_state.pop("own-chosen", None)


@lru_cache(maxsize=32)
def _right(name: str) -> tuple[float, float]:
    """How often the teacher is right on validation and on test rows of split 0, as fractions."""
    data = datasets.load(name)
    assert data.teacher_logits is not None
    parts = (data.validation, data.test)
    validation, test = (float(measures.accuracy(data.teacher_logits[rows], data.labels[rows])) for rows in parts)
    return validation, test


def _added(name: str) -> float:
    known = own.about(name)
    return known.added if known else 0.0


def _spoken(name: str) -> str:
    return f"{own.title(name)} ({name})"
