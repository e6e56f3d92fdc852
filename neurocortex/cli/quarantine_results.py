"""Print what is in quarantine."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from neurocortex.cli.console import console, table
from neurocortex.corrections.released import Released
from neurocortex.lake.quarantine import QuarantineEntry

REASON_CHARS: Final = 80
"""Of the reason in a list."""
REFUSED_SHOWN: Final = 20
"""More lines than this scroll the counts away."""


def as_json(entries: Sequence[QuarantineEntry]) -> str:
    """Return entries as a JSON list."""
    return json.dumps([entry.model_dump(mode="json") for entry in entries], indent=2)


def show_list(entries: Sequence[QuarantineEntry]) -> None:
    """Print one line for each entry."""
    if not entries:
        console().print("Nothing is in quarantine.")
        return
    shown = table("id", "last seen", "times", "target", "source", "row", "rule", "reason", "state")
    for entry in entries:
        refused = entry.refused
        shown.add_row(
            str(entry.id),
            _time(entry.last_seen_at),
            str(entry.times),
            entry.target,
            refused.source,
            "" if refused.row is None else str(refused.row),
            refused.rule,
            _short(refused.reason),
            state(entry),
        )
    console().print(shown)


def show_entries(entries: Sequence[QuarantineEntry]) -> None:
    """Print all that is kept of entries."""
    out = console()
    for entry in entries:
        refused = entry.refused
        facts = table("", "")
        facts.show_header = False
        for name, value in (
            ("entry", f"{entry.id} ({state(entry)})"),
            ("target", entry.target),
            ("source", refused.source + ("" if refused.row is None else f", row {refused.row}")),
            ("refused", f"{entry.times} times, last {_time(entry.last_seen_at)}"),
            ("rule", refused.rule),
            ("reason", refused.reason),
            ("original", refused.payload + ("" if refused.is_whole else " (cut)")),
            ("correction", entry.correction or "-"),
        ):
            facts.add_row(name, value)
        out.print(facts)
        out.print()


def show_released(outcomes: Sequence[Released]) -> None:
    """Print what was loaded, and what was not."""
    out = console()
    if not outcomes:
        out.print("Nothing waits to be released.")
    for outcome in outcomes:
        out.print(
            f"{outcome.target}: {len(outcome.released)} released, {len(outcome.refused)} refused."
        )
        if not outcome.refused:
            continue
        shown = table("id", "reason")
        for entry, reason in list(outcome.refused.items())[:REFUSED_SHOWN]:
            shown.add_row(str(entry), reason)
        out.print(shown)
        if len(outcome.refused) > REFUSED_SHOWN:
            out.print(f"... and {len(outcome.refused) - REFUSED_SHOWN} more.")


def state(entry: QuarantineEntry) -> str:
    """Return in a few words what was done about an entry, and by whom."""
    if entry.released_at is not None:
        return f"released by {entry.released_by} {_time(entry.released_at)}"
    if entry.corrected_at is not None:
        return f"corrected by {entry.corrected_by} {_time(entry.corrected_at)}"
    return "waiting"


def _time(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _short(text: str) -> str:
    return text if len(text) <= REASON_CHARS else f"{text[: REASON_CHARS - 1]}…"
