"""What components of a pipeline ask of the platform, for whoever the pipeline runs for.

A YAML names components; it cannot hand them functions. So a run binds these for its context, which
the tasks and threads of its components share, and nobody else's run does.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, Protocol

from neurocortex.domain.chat import ChatMessage, Completion
from neurocortex.errors import HaystackUnboundError


@dataclass(frozen=True, slots=True)
class IncomingText:
    """A text on its way into a collection."""

    source: str
    """What identifies it there."""
    text: str
    title: str | None = None


@dataclass(frozen=True, slots=True)
class WrittenTexts:
    """What became of texts."""

    written: int
    unchanged: int
    """The collection holds them already."""
    refused: tuple[str, ...]
    """Sources of those that the quality gate refused."""


class Complete(Protocol):
    """Calls the LLM of a provider block, or of `auto`: charged, private, on whichever endpoint is
    well, and of the next of `fallbacks` where all of one fail."""

    def __call__(
        self,
        messages: Sequence[ChatMessage],
        provider: str,
        max_tokens: int | None,
        temperature: float | None,
        fallbacks: Sequence[str],
    ) -> Awaitable[Completion]: ...


Write = Callable[[str, Sequence[IncomingText]], Awaitable[WrittenTexts]]
"""Brings texts into the collection of that name: gated, split, embedded, in one transaction."""


@dataclass(frozen=True, slots=True)
class Platform:
    """What a run may ask."""

    complete: Complete
    write: Write


_PLATFORM: Final[ContextVar[Platform | None]] = ContextVar("platform", default=None)


@contextmanager
def bound(platform: Platform) -> Iterator[None]:
    """Let the components of this context ask a platform."""
    token = _PLATFORM.set(platform)
    try:
        yield
    finally:
        _PLATFORM.reset(token)


def current(component: str) -> Platform:
    """Return what a component may ask.

    Raises:
        HaystackUnboundError: its pipeline is not run by the platform.
    """
    found = _PLATFORM.get()
    if found is None:
        raise HaystackUnboundError(component)
    return found
