"""What people see: results on stdout, steps and notes as they happen."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.status import Status
from rich.table import Table

PLAIN_WIDTH: Final = 400
"""Of tables that go to a file or another program, which break no lines."""


def console() -> Console:
    """Return a console on stdout. It takes text as it is: brackets in it are no mark-up."""
    return Console(
        highlight=False,
        markup=False,
        emoji=False,
        width=None if sys.stdout.isatty() else PLAIN_WIDTH,
    )


def table(*columns: str) -> Table:
    """Return an empty table with these headings."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


class Steps:
    """Prints each step as it happens, with its duration; a spinner turns on a terminal."""

    def __init__(self) -> None:
        self._console = console()
        self._status: Status | None = None

    def note(self, text: str) -> None:
        """Print one line."""
        self._console.print(f"· {text}", soft_wrap=True)

    def now(self, text: str) -> None:
        """Say what a step is at: beside the spinner, or as a line of its own."""
        if self._status is not None:
            self._status.update(text)
        elif not self._console.is_terminal:
            self.note(text)

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Show that something goes on while the context lasts, and how long it took."""
        began = time.monotonic()
        mark = "✗"
        try:
            with self._spinner(text):
                yield
            mark = "✓"
        finally:
            seconds = time.monotonic() - began
            self._console.print(f"{mark} {text} ({seconds:.1f} s)", soft_wrap=True)

    @contextmanager
    def _spinner(self, text: str) -> Iterator[None]:
        if not self._console.is_terminal:
            yield
            return
        with self._console.status(text) as self._status:
            try:
                yield
            finally:
                self._status = None
