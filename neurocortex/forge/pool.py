"""Models in memory: each is loaded once, and those go first that are least worth their bytes.

What to evict follows GreedyDual-Size-Frequency (Cherkasova 1998): a model's worth is how often it
was asked for, times the seconds that loading it takes, over its bytes, plus the worth of what was
evicted last, so that a model nobody asks for any more ages.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Lock
from typing import Final, Generic, Protocol, TypeVar

IDLE_S: Final = 900.0
"""A model that nobody asked for in so long is unloaded."""


class Sized(Protocol):
    """What the pool holds."""

    @property
    def size(self) -> int:
        """Bytes."""
        ...


ModelT = TypeVar("ModelT", bound=Sized)


@dataclass(slots=True)
class _Held(Generic[ModelT]):
    model: ModelT
    load_s: float
    asked: int
    worth: float
    last: float


@dataclass(frozen=True, slots=True)
class PoolFigures:
    """What the pool did so far."""

    models: int
    bytes: int
    hits: int
    loads: int
    evictions: int


class ModelPool(Generic[ModelT]):
    """Models by key, up to a bound of bytes. Used from any thread."""

    def __init__(
        self,
        max_bytes: int,
        *,
        idle_s: float = IDLE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Hold at most `max_bytes`, but always the model that was asked for last."""
        self._max_bytes = max_bytes
        self._idle_s = idle_s
        self._clock = clock
        self._lock = Lock()
        self._held: dict[str, _Held[ModelT]] = {}
        self._loading: dict[str, Future[ModelT]] = {}
        self._inflation = 0.0
        self._hits = self._loads = self._evictions = 0

    def get(self, key: str, load: Callable[[], ModelT]) -> ModelT:
        """Return a model, loaded once however many ask at the same time.

        Raises:
            Exception: what `load` raised; the next caller tries again.
        """
        with self._lock:
            held = self._held.get(key)
            if held is not None:
                self._hits += 1
                held.asked += 1
                self._touch(held)
                return held.model
            loading = self._loading.get(key)
            if loading is None:
                mine: Future[ModelT] = Future()
                self._loading[key] = mine
        if loading is not None:
            return loading.result()
        return self._load(key, load, mine)

    def unload_idle(self) -> int:
        """Let go of what nobody asked for in a while; return how many that were."""
        with self._lock:
            before = self._clock() - self._idle_s
            idle = [key for key, held in self._held.items() if held.last < before]
            for key in idle:
                del self._held[key]
            return len(idle)

    def figures(self) -> PoolFigures:
        """Return what it holds and did."""
        with self._lock:
            held = sum(each.model.size for each in self._held.values())
            return PoolFigures(len(self._held), held, self._hits, self._loads, self._evictions)

    def _load(self, key: str, load: Callable[[], ModelT], mine: Future[ModelT]) -> ModelT:
        began = self._clock()
        try:
            model = load()
        except BaseException as error:
            with self._lock:
                del self._loading[key]
            mine.set_exception(error)
            raise
        with self._lock:
            del self._loading[key]
            self._loads += 1
            held = _Held(model, self._clock() - began, 1, 0.0, 0.0)
            self._touch(held)
            self._held[key] = held
            self._make_room(key)
        mine.set_result(model)
        return model

    def _touch(self, held: _Held[ModelT]) -> None:
        held.last = self._clock()
        held.worth = self._inflation + held.asked * held.load_s / max(held.model.size, 1)

    def _make_room(self, newest: str) -> None:
        total = sum(each.model.size for each in self._held.values())
        while total > self._max_bytes and len(self._held) > 1:
            others = (key for key in self._held if key != newest)
            least = min(others, key=lambda key: self._held[key].worth)
            gone = self._held.pop(least)
            self._inflation = gone.worth
            self._evictions += 1
            total -= gone.model.size
