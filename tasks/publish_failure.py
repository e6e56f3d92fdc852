"""Why a run failed, as a person reads it in the Prefect UI."""

from collections.abc import Iterator
from contextlib import contextmanager

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from neurocortex.errors import NeuroCortexError
from tasks.markdown import plain
from tasks.options import STEP


@contextmanager
def failure_shown(key: str, heading: str) -> Iterator[None]:
    """Leave an error of ours as an artifact before it ends the flow.

    Args:
        key: of the artifact; the one under which a run that goes well leaves its report.
        heading: what did not happen, e.g. `Dataset wine was not loaded`.
    """
    try:
        yield
    except NeuroCortexError as error:
        publish_failure(key, heading, error)
        raise


@task(**STEP, task_run_name="publish why it failed", cache_policy=NO_CACHE)
def publish_failure(key: str, heading: str, error: NeuroCortexError) -> None:
    """Leave an error as an artifact."""
    create_markdown_artifact(render(heading, error), key=key, description=heading)


def render(heading: str, error: NeuroCortexError) -> str:
    """Return the error as Markdown: its kind, and each line of its text."""
    lines = [plain(line) for line in str(error).splitlines()]
    return "\n\n".join([f"## {plain(heading)}", f"**{type(error).__name__}**", *lines])
