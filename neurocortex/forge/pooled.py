"""What the pool of models holds, and how much it may."""

import ctypes
import gc
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    """A model as the pool knows it."""

    @property
    def size(self) -> int:
        """Bytes."""
        ...


ModelT = TypeVar("ModelT", bound=Sized)


@dataclass(frozen=True, slots=True)
class Pooling:
    """How much a pool holds, and for how long."""

    max_bytes: int
    """Of all models together; one that is larger alone is held while it is used."""
    at_once: int = 8
    """Uses of one model at the same time, unless its deployment says otherwise."""
    busy_s: float = 10.0
    """A caller waits so long for its turn at a model."""
    idle_s: float = 900.0
    """A model that nobody asked for in so long is unloaded."""
    tend_s: float = 30.0
    """Who has gone idle, and whether memory is short, is looked at so often at least."""


@dataclass(slots=True)
class Held(Generic[ModelT]):
    """A model in memory."""

    model: ModelT
    load_s: float
    at_once: int
    users: int
    """Who has it, or waits for a turn: it is not unloaded meanwhile."""
    worth: float = 0.0
    last: float = 0.0
    """When somebody asked for it, by the pool's clock."""
    turns: BoundedSemaphore = field(init=False)

    def __post_init__(self) -> None:
        """Make as many turns as may be at once."""
        self.turns = BoundedSemaphore(self.at_once)


@dataclass(slots=True)
class Loading(Generic[ModelT]):
    """A model on its way into memory."""

    done: Future[Held[ModelT]] = field(default_factory=Future)
    users: int = 1
    """Who asked for it, the one who loads it included."""


def free_memory() -> None:
    """Give what was unloaded back to the system: glibc keeps small pieces otherwise."""
    gc.collect()
    with suppress(OSError, AttributeError):  # another libc has no `malloc_trim`
        ctypes.CDLL("libc.so.6").malloc_trim(0)
