"""A drawing as a Streamlit component: the server's SVG in the colours of the page."""

from app.component import component

_component = component("diagram", "DiagramView")


def diagram(svg: str, of: str, *, key: str = "diagram") -> None:
    """Show the drawing; of: whose it is."""
    _component(key=key, data={"svg": svg, "of": of})
