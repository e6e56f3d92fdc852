"""Models in memory: each is loaded once, and those go first that are least worth their bytes.

What to unload follows GreedyDual-Size-Frequency (Cherkasova 1998): a model's worth is how often it
was asked for, times the seconds that loading it takes, over its bytes, plus the worth of what was
unloaded last, so that a model nobody asks for any more ages. How often it was asked for is
remembered beyond its unloading, as W-TinyLFU does (Einziger et al. 2017), and halved in time.

A model that is in use is not unloaded: its memory would stay, and the next caller would load it a
second time.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, Generic

from neurocortex.errors import ModelBusyError, ModelMemoryError
from neurocortex.forge.pooled import Held, Loading, ModelT, Pooling, free_memory
from neurocortex.forge.tending import Tending

AGE_EVERY: Final = 10
"""Counts are halved after so many uses for each model that is known."""

LOOK_S: Final = 1.0
"""Memory is looked at so often, at most."""


def never() -> bool:
    """Say that there is memory enough."""
    return False


def nothing(model: object) -> None:
    """Warm nothing up."""


@dataclass(frozen=True, slots=True)
class PoolFigures:
    """What the pool did so far."""

    models: int
    bytes: int
    hits: int
    loads: int
    evictions: int


@dataclass(slots=True)
class ModelPool(Generic[ModelT]):
    """Models by key, up to a bound of bytes. Used from any thread."""

    pooling: Pooling
    warm: Callable[[ModelT], object] = nothing
    """Called with each model that was loaded, before anybody gets it; what it raises fails the
    load."""
    is_short: Callable[[], bool] = never
    """Tells whether memory is short: then models are unloaded until it is not."""
    clock: Callable[[], float] = time.monotonic
    _lock: Lock = field(default_factory=Lock)
    _held: dict[str, Held[ModelT]] = field(default_factory=dict)
    _loading: dict[str, Loading[ModelT]] = field(default_factory=dict)
    _asked: Counter[str] = field(default_factory=Counter)
    _until_aged: int = AGE_EVERY
    _inflation: float = 0.0
    _looked: float = float("-inf")
    _hits: int = 0
    _loads: int = 0
    _evictions: int = 0
    _tending: Tending = field(init=False)

    def __post_init__(self) -> None:
        """Make what looks after it between two uses."""
        self._tending = Tending(self.tend, self.pooling.tend_s)

    @contextmanager
    def using(
        self, key: str, load: Callable[[], ModelT], at_once: int | None = None
    ) -> Iterator[ModelT]:
        """Give a model, loaded once however many ask at the same time; it stays until the end.

        Args:
            key: of the model and its version.
            load: makes it.
            at_once: uses at the same time; None: what the pool allows. Counts from its load on.

        Raises:
            ModelBusyError: so many used it for `busy_s`, and none ended.
            Exception: what `load` or the warm-up raised; the next caller tries again.
        """
        self.tend()
        held = self._entered(key, load, at_once or self.pooling.at_once)
        try:
            if not held.turns.acquire(timeout=self.pooling.busy_s):
                raise ModelBusyError(key, held.at_once, self.pooling.busy_s)
            try:
                yield held.model
            finally:
                held.turns.release()
        finally:
            with self._lock:
                held.users -= 1

    def tend(self) -> bool:
        """Let go of what nobody asked for in a while, and of more where memory is short.

        Returns:
            Whether it holds, or loads, anything still.
        """
        now = self.clock()
        with self._lock:
            if now - self._looked < LOOK_S:
                return True
            self._looked = now
            before = now - self.pooling.idle_s
            for key in [key for key, each in self._unused() if each.last < before]:
                del self._held[key]
        while self.is_short() and self._unload_one():
            free_memory()
        with self._lock:
            return bool(self._held or self._loading)

    def figures(self) -> PoolFigures:
        """Return what it holds and did."""
        with self._lock:
            return PoolFigures(
                len(self._held), self._bytes(), self._hits, self._loads, self._evictions
            )

    def _entered(self, key: str, load: Callable[[], ModelT], at_once: int) -> Held[ModelT]:
        """Return a model that counts one user more."""
        with self._lock:
            self._count(key)
            held = self._held.get(key)
            if held is not None:
                self._hits += 1
                self._touch(key, held)
                held.users += 1
                return held
            loading = self._loading.get(key)
            if loading is None:
                mine = self._loading[key] = Loading()
            else:
                loading.users += 1
        if loading is None:
            return self._load(key, load, at_once, mine)
        return loading.done.result()

    def _load(
        self, key: str, load: Callable[[], ModelT], at_once: int, mine: Loading[ModelT]
    ) -> Held[ModelT]:
        began = self.clock()
        try:
            model = self._loaded(load)
        except BaseException as error:
            with self._lock:
                del self._loading[key]
            mine.done.set_exception(error)
            raise
        load_s = self.clock() - began
        with self._lock:
            held = Held(model, load_s, at_once, mine.users)
            del self._loading[key]
            self._loads += 1
            self._touch(key, held)
            self._held[key] = held
            while self._bytes() > self.pooling.max_bytes and self._evict():
                pass
        mine.done.set_result(held)
        self._tending.begin()
        return held

    def _loaded(self, load: Callable[[], ModelT]) -> ModelT:
        try:
            model = load()
        except (MemoryError, ModelMemoryError) as error:
            has_memory = isinstance(error, ModelMemoryError) and error.__cause__ is None
            if has_memory or not self._unload_one():  # it is larger than it may be, or alone
                raise
            while self._unload_one():
                pass
            free_memory()
            model = load()
        self.warm(model)
        return model

    def _unload_one(self) -> bool:
        with self._lock:
            return self._evict()

    def _evict(self) -> bool:
        """Unload what is least worth its bytes and not in use; return whether there was one."""
        unused = self._unused()
        if not unused:
            return False
        key, gone = min(unused, key=lambda each: each[1].worth)
        del self._held[key]
        self._inflation = gone.worth
        self._evictions += 1
        return True

    def _unused(self) -> list[tuple[str, Held[ModelT]]]:
        return [(key, each) for key, each in self._held.items() if not each.users]

    def _bytes(self) -> int:
        return sum(each.model.size for each in self._held.values())

    def _touch(self, key: str, held: Held[ModelT]) -> None:
        held.last = self.clock()
        held.worth = self._inflation + self._asked[key] * held.load_s / max(held.model.size, 1)

    def _count(self, key: str) -> None:
        self._asked[key] += 1
        self._until_aged -= 1
        if self._until_aged <= 0:
            self._asked = Counter({each: n // 2 for each, n in self._asked.items() if n > 1})
            self._until_aged = AGE_EVERY * max(1, len(self._asked))
