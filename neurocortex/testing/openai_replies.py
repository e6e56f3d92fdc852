"""What a scripted provider may answer: words, errors, delays, and answers that go wrong."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that is an error."""

    status: int
    """HTTP status, e.g. 429 or 500."""
    message: str = "scripted failure"
    retry_after_s: float | None = None
    """Seconds in the header Retry-After."""


@dataclass(frozen=True, slots=True)
class Slow:
    """An answer that takes its time."""

    text: str
    before_s: float = 0.0
    """Until the first word."""
    between_s: float = 0.0
    """Between two words, of a stream."""


@dataclass(frozen=True, slots=True)
class CutStream:
    """A stream whose connection ends in the middle; a whole answer ends before its last byte."""

    text: str
    words: int
    """That come before the end."""


@dataclass(frozen=True, slots=True)
class Hang:
    """No answer for so long, then the connection ends."""

    seconds: float = 3600.0


@dataclass(frozen=True, slots=True)
class Raw:
    """A body that is sent as it is, with status 200: invalid JSON, say."""

    body: bytes


Reply = str | Failure | Slow | CutStream | Hang | Raw

Answering = Callable[[str], Reply]
"""Gets the last message of the user, or the first text to embed; says what is answered."""


def script(*replies: Reply) -> Answering:
    """Return what gives these replies in turn, then the last one again and again.

    Example:
        `script(Failure(429, retry_after_s=1), "Now it works.")` fails once.
    """
    return _Script(replies)


class _Script:
    def __init__(self, replies: Sequence[Reply]) -> None:
        if not replies:
            raise ValueError("A script has one reply at least.")
        self._left: Iterator[Reply] = iter(replies)
        self._last = replies[-1]
        self._turn = Lock()

    def __call__(self, _prompt: str) -> Reply:
        with self._turn:  # each request has a thread of its own
            return next(self._left, self._last)
