"""Print versions."""

import json
from collections.abc import Sequence

from neurocortex.cli.console import console, table
from neurocortex.lake.versions.history import Rollback, Version


def versions_as_json(versions: Sequence[Version]) -> str:
    """Return versions as a JSON list."""
    return json.dumps([version.model_dump(mode="json") for version in versions], indent=2)


def show_versions(versions: Sequence[Version]) -> None:
    """Print one line for each version."""
    shown = table("version", "made at", "what the load did", "load", "flow run")
    for version in versions:
        counts = ", ".join(f"{name} {count}" for name, count in version.counts.items() if count)
        shown.add_row(
            str(version.version),
            version.made_at.astimezone().strftime("%Y-%m-%d %H:%M:%S"),
            counts or "-",
            str(version.load_id),
            str(version.flow_run_id or "-"),
        )
    console().print(shown)


def show_rollback(done: Rollback) -> None:
    """Print what returning to a version did."""
    console().print(
        f"{done.target} is as it was at version {done.returned_to}: {done.removed} removed,"
        f" {done.restored} restored. This is version {done.made};"
        f" `--to {done.made - 1}` undoes it.",
        soft_wrap=True,
    )
