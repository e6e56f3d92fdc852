"""A picture within the Markdown of an artifact."""

from base64 import b64encode

from tasks.markdown import plain


def shown(alt: str, svg: str) -> str:
    """Return a picture as Markdown, with what it shows in words."""
    # Prefect's UI leaves out SVG that is written into the page in part, and shows a picture whole.
    return f"![{plain(alt)}](data:image/svg+xml;base64,{b64encode(svg.encode()).decode()})"
