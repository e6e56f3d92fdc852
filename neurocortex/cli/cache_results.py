"""Print what the cache holds."""

import json
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pprint import pformat

from neurocortex.cache.counters import Totals
from neurocortex.cache.durations import quantile
from neurocortex.cache.explaining import Copy, Ended, Explanation
from neurocortex.cli.console import console, table

HOUR_S = 3600.0
MINUTE_S = 60.0


def as_json(value: Totals | Explanation) -> str:
    """Return all of it as a JSON object."""
    return json.dumps(asdict(value), indent=2)


def show_totals(totals: Totals) -> None:
    """Print one line for each level."""
    if not totals.levels:
        console().print("Nothing was read from the cache yet.")
        return
    shown = table(
        *("level", "hits", "misses", "hit ratio", "stale", "written", "evicted", "passed over"),
        *("failed", "holds", "read, half within", "99 % within"),
    )
    for name, level in totals.levels.items():
        reads = level.hits + level.misses
        shown.add_row(
            name,
            f"{level.hits:,}",
            f"{level.misses:,}",
            f"{level.hits / reads:.1%}" if reads else "-",
            f"{level.stale:,}",
            f"{level.fills:,}",
            _size(level.evicted_bytes),
            f"{level.skipped:,}",
            f"{level.failures:,}",
            _size(totals.held.get(name, 0)),
            _short(quantile(level.reads, 0.5)),
            _short(quantile(level.reads, 0.99)),
        )
    console().print(shown)


def show_value(value: object) -> None:
    """Print a value: text and JSON as such."""
    if isinstance(value, bytes):
        text = value.decode(errors="replace")
        with suppress(ValueError):  # what is no JSON is printed as it is
            text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    else:
        text = value if isinstance(value, str) else pformat(value)
    console().print(text, soft_wrap=True)


def show_explanation(explained: Explanation) -> None:
    """Print a line for each level that has the key, and what ended it."""
    out = console()
    if not explained.copies:
        out.print(f"Neither Redis nor this machine's disk has {explained.key}.", soft_wrap=True)
        for ended in explained.ended:
            out.print(f"{ended.mark} was invalidated at {_time(ended)}.", soft_wrap=True)
    else:
        shown = table("level", "age", "state", "bytes", "tags")
        for copy in explained.copies:
            shown.add_row(
                copy.level, _long(copy.age_s), _state(copy), f"{copy.bytes:,}", ", ".join(copy.tags)
            )
        out.print(shown)
    if explained.is_computed:
        out.print("It is being computed.")
    out.print("Not shown: what other processes have in their memory, for minutes at most.")


def _state(copy: Copy) -> str:
    if copy.ended:
        latest = max(copy.ended, key=lambda ended: ended.at)
        return f"ended: {latest.mark} was invalidated at {_time(latest)}"
    if copy.fresh_s > 0:
        return f"fresh for {_long(copy.fresh_s)}"
    return f"over; may stand in for a computation for {_long(max(copy.usable_s, 0))}"


def _time(ended: Ended) -> str:
    return datetime.fromtimestamp(ended.at).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _long(seconds: float) -> str:
    if seconds >= HOUR_S:
        return f"{seconds / HOUR_S:.1f} h"
    return f"{seconds / MINUTE_S:.1f} min" if seconds >= MINUTE_S else f"{seconds:.1f} s"


def _short(seconds: float | None) -> str:
    return "-" if seconds is None else f"{1000 * seconds:g} ms"


def _size(amount: int) -> str:
    return f"{amount / 2**20:,.1f} MB"
