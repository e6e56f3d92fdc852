"""A gate's report as Great Expectations' data docs, linked from the run in the Prefect UI."""

from pathlib import Path
from typing import Final

from prefect.artifacts import create_link_artifact
from prefect.settings import get_current_settings

from neurocortex.datasets.staged import Staged
from neurocortex.embedded.home import Home
from neurocortex.embedded.prefect_server import published
from neurocortex.settings import settings

FOLDER: Final = "data-docs"

KEPT: Final = 24
"""Pages of a dataset, some 20 kB each: as many as its timeline shows loads."""


def publish_data_docs(staged: Staged) -> None:
    """Leave a link to the page, where this machine's Prefect server can serve it."""
    ui = get_current_settings().ui_url
    root = published(Home(settings().home).prefect)
    # The server of another machine serves its own files; an expectation is what a page is about.
    if not ui or not root.is_dir() or not staged.gate.results:
        return
    page = write(root, staged)
    create_link_artifact(
        link=f"{ui}/neurocortex/{page.relative_to(root)}",
        link_text=f"Data docs of {staged.dataset}, {staged.load.started_at:%Y-%m-%d %H:%M}",
        key="etl-data-docs",
        description=f"Gate **{staged.gate.suite}** as Great Expectations shows it.",
    )


def write(root: Path, staged: Staged) -> Path:
    """Write the page below a folder, forget the oldest, and return its path.

    Its name is the load's id: who may not read the run cannot guess it.
    """
    from neurocortex.quality.data_docs import page  # seconds: Great Expectations

    folder = root / FOLDER / staged.dataset
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{staged.load.id}.html"
    path.write_text(page(staged.gate, staged.load.started_at), "utf-8")
    pages = sorted(folder.glob("*.html"), key=lambda each: each.stat().st_mtime, reverse=True)
    for old in pages[KEPT:]:
        old.unlink(missing_ok=True)
    return path
