"""`neurocortex up`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from neurocortex.cli.console import Steps
    from neurocortex.embedded.home import Home
    from neurocortex.embedded.platform import Platform


def up(
    once: Annotated[
        bool,
        typer.Option(
            "--once", help="Do the main job, stop everything, exit 0 only if all of it worked."
        ),
    ] = False,
    corpus: Annotated[
        Path | None,
        typer.Option(help="Do the main job with these documents: a file or a folder."),
    ] = None,
) -> None:
    """Start everything; Ctrl-C stops it.

    Starts PostgreSQL, Redis, the Prefect server with its UI, and the worker, all on 127.0.0.1,
    with their data in NEUROCORTEX_HOME (.neurocortex/). What dies is started again. A part whose
    address is set (NEUROCORTEX_DATABASE_URL, NEUROCORTEX_REDIS_URL, PREFECT_API_URL) is used where
    it is, and not started.

    The first start does the main job, so that there is something to see: it ingests the project's
    docs/, asks them a question and loads a table. Press Ctrl-C twice to stop in a hurry.
    """
    from neurocortex.cli.console import Steps
    from neurocortex.cli.status import show as show_status
    from neurocortex.embedded import state
    from neurocortex.embedded.home import Home
    from neurocortex.embedded.platform import platform
    from neurocortex.embedded.supervisor import StopRequestedError
    from neurocortex.errors import AlreadyRunningError
    from neurocortex.settings import load

    settings = load().settings
    home = Home(settings.home.absolute())
    show = Steps()
    if (live := state.read_live(home.run)) is not None:
        show.note(f"Already running from {home.folder}; `neurocortex down` stops it.")
        show_status(live)
        raise typer.Exit(1 if once else 0)
    documents = _documents(corpus, once, home, show)
    try:
        with platform(settings, show) as started:
            show.note(f"ready after {started.ready_s:.1f} s")
            worked = documents is None or _do_main_job(started, documents, home, show)
            if once:
                raise typer.Exit(0 if worked else 1)
            show.note(f"Prefect UI: {started.running.api_url.removesuffix('/api')}")
            show.note('Try: neurocortex ask "..." in another terminal. Ctrl-C here stops it all.')
            started.run("neurocortex.cli.first_key")
            show.note(f"Console: {started.gateway_url}. Programs ask it, with an API key in $KEY:")
            show.note(_curl(started.gateway_url))
            started.watch()
    except StopRequestedError:
        if once:
            raise typer.Exit(1) from None
    except AlreadyRunningError as error:
        show.note(f"{error} It is only just starting: `neurocortex status` shows when it is up.")


def _curl(url: str) -> str:
    from neurocortex.cli.main_job import QUESTION

    body = json.dumps({"operation": "answer", "question": QUESTION})
    return f"  curl {url}/v1/requests -H \"Authorization: Bearer $KEY\" -d '{body}'"


def _documents(corpus: Path | None, once: bool, home: "Home", show: "Steps") -> Path | None:
    """Return the documents of the main job; None when it is not to be done."""
    from neurocortex.cli.main_job import OWN_DOCS

    if corpus is not None:
        if not corpus.exists():
            raise typer.BadParameter(f"{corpus}: no such file or folder", param_hint="--corpus")
        return corpus.absolute()
    if home.first_run.exists() and not once:
        return None
    if OWN_DOCS.is_dir():
        return OWN_DOCS
    if once:
        raise typer.BadParameter(
            "there is no docs/ folder here to ingest; name your documents", param_hint="--corpus"
        )
    show.note("No docs/ folder here to start with: add yours with `neurocortex ingest PATH`.")
    return None


def _do_main_job(started: "Platform", documents: Path, home: "Home", show: "Steps") -> bool:
    worked = started.run("neurocortex.cli.main_job", str(documents)) == 0
    if worked:
        home.first_run.touch()
    else:
        show.note("The main job failed. The platform itself is fine; the runs say more.")
    return worked
