"""Sharing what is on screen: its link, with only chosen parts shown, and the link as a QR code."""

import io
from collections.abc import Mapping
from html import escape
from urllib.parse import quote, urlencode, urlsplit

import segno
import streamlit as st

from app import visible

OWN = ("class", "alone", "present", "show")
"""What the address says of this page alone."""
HERE_ONLY = ("localhost", "127.0.0.1", "::1")
LONGEST = 1500


def base(url: str | None = None) -> str:
    """The address under which others reach this server, without a slash at its end: "http://192.168.1.5:8501".

    That under which the page was opened (`url`, where no script of a page asks), unless it holds on this machine only
    and the server has another one.
    """
    asked = urlsplit(url or st.context.url or "")
    if asked.hostname and asked.hostname not in HERE_ONLY:
        return f"{asked.scheme}://{asked.netloc}"
    host, port = st.get_option("browser.serverAddress") or "localhost", st.get_option("browser.serverPort")
    port = asked.port or port  # a test or a tunnel may have opened the page under another one
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def unreachable() -> str:
    """Why others cannot open `base()`, and how the server is started so that they can; empty where they can."""
    if urlsplit(base()).hostname not in HERE_ONLY:
        return ""
    return (
        "This server answers on this machine only, so nobody else can open the link. For a class, start it with "
        "`make run HOST=0.0.0.0`."
    )


def link(path: str, query: Mapping[str, str], url: str | None = None) -> str:
    """The address of a page ("/", "/lessons") with these parameters; empty ones are left out. url: see `base`."""
    given = {name: value for name, value in query.items() if value}
    return f"{base(url)}{path}" + (f"?{urlencode(given, safe=',')}" if given else "")


def qr(text: str) -> bytes:
    """A text as a QR code: SVG, black on white with the quiet zone that cameras need. ValueError if it is too long."""
    if len(text) > LONGEST:
        raise ValueError(f"a QR code holds at most {LONGEST} letters here; got {len(text)}")
    stream = io.BytesIO()
    code = segno.make(text, error="m", micro=False)
    code.save(stream, kind="svg", scale=8, border=4, dark="#000", light="#fff", xmldecl=False, svgns=True)
    return stream.getvalue()


def is_ours(text: str, host: str) -> bool:
    """Whether a text is a link to this server, which was asked under `host` ("localhost:8501")."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    own = (host, urlsplit(base(f"http://{host}")).netloc)
    return parts.scheme in ("http", "https") and parts.netloc in own and text.isprintable()


def qr_url(address: str) -> str:
    """Where this server serves the QR code of a link to it."""
    return f"/lab/qr.svg?text={quote(address, safe='')}"


def card(address: str) -> None:
    """A link with its QR code, as large as there is room."""
    if unreachable():
        st.warning(unreachable())
    style = "display:block;margin:auto;width:min(100%,62vh);height:auto"
    st.html(f'<img src="{escape(qr_url(address))}" alt="QR code of {escape(address)}" style="{style}">')
    st.code(address, language=None, wrap_lines=True)


def controls(path: str = "/") -> None:
    """The button "Share": tick boxes for the parts that are shown, the link to what is on screen, its QR code, large.

    path: of the page that is shown, "/" or "/lessons"; its parameters are those of the address. Who follows a class has
    nothing of their own to share.
    """
    if "class" in st.query_params and "alone" not in st.query_params:
        return
    if st.button("Share", icon=":material/qr_code_2:", key="share"):
        _shared(path)


@st.dialog("Share what is on screen", width="large")
def _shared(path: str) -> None:
    query = {name: value for name, value in st.query_params.to_dict().items() if name not in OWN}
    left, right = st.columns(2, gap="large")
    with left:
        ticked = _ticked(visible.chosen(st.query_params.get("show"))[0])
    with right:
        card(link(path, query | {"show": visible.text(ticked)}))


def _ticked(shown: frozenset[str]) -> frozenset[str]:
    """The parts whose box is ticked; as they are shown here, until somebody says otherwise."""
    st.markdown("Who opens the link sees only what is ticked. Opening it starts no training.")
    columns = st.columns(2)
    each = -(-len(visible.PARTS) // len(columns))
    chosen = []
    for number, (name, label) in enumerate(visible.PARTS.items()):
        with columns[number // each]:
            if st.checkbox(label, value=name in shown, key=f"share-{name}"):
                chosen.append(name)
    if not chosen:
        st.markdown("With nothing ticked, everything is shown.")
    return frozenset(chosen)
