"""What runs write down themselves, whatever the platform believes of them.

One line for each begin and each end, appended in one write: lines of processes that are killed
while others write are whole or missing.
"""

import os
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

BEGUN: Final = "begun"
DONE: Final = "done"


@dataclass(frozen=True, slots=True)
class Mark:
    """One line."""

    what: str
    """BEGUN or DONE."""
    run: UUID
    deployment: str
    """By name."""
    pid: int
    """Of the process that wrote it."""
    at: float
    """Seconds since the epoch."""


def write(book: str, what: str, run: str, deployment: str) -> None:
    """Append a mark of this process."""
    line = f"{what} {run} {deployment} {os.getpid()} {time.time():.6f}\n"
    file = os.open(book, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, line.encode())
    finally:
        os.close(file)


def read(book: Path) -> list[Mark]:
    """Return all marks, in the order in which they were written."""
    if not book.exists():
        return []
    lines = (line.split() for line in book.read_text().splitlines())
    return [
        Mark(what, UUID(run), deployment, int(pid), float(at))
        for what, run, deployment, pid, at in lines
    ]


def begins(marks: list[Mark]) -> Counter[UUID]:
    """Return how often each run began."""
    return Counter(mark.run for mark in marks if mark.what == BEGUN)


def ends(marks: list[Mark]) -> Mapping[UUID, list[Mark]]:
    """Return the ends of each run that has any, in their order."""
    found: defaultdict[UUID, list[Mark]] = defaultdict(list)
    for mark in marks:
        if mark.what == DONE:
            found[mark.run].append(mark)
    return found


def at_work(marks: list[Mark]) -> list[Mark]:
    """Return the begins without an end whose process is alive: what runs now."""
    done = {(mark.run, mark.pid) for mark in marks if mark.what == DONE}
    begun = [mark for mark in marks if mark.what == BEGUN and (mark.run, mark.pid) not in done]
    return [mark for mark in begun if is_alive(mark.pid)]


def is_alive(pid: int) -> bool:
    """Tell whether a process exists and can still do something."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}
