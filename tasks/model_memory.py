"""The models of a process that stands: loaded once, their aliases looked up now and then."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final

import blocks
from blocks import saved
from neurocortex.forge.pool import ModelPool
from neurocortex.forge.pooled import Pooling
from neurocortex.forge.pressure import MemoryPressure
from neurocortex.forge.versions import CHAMPION, Loaded, Version, require_room
from neurocortex.forge.warming import warm
from neurocortex.settings import settings

if TYPE_CHECKING:
    from neurocortex.forge.registry import Registry

MB: Final = 2**20


def registry_of(forge: str) -> "Registry":
    """Return a connection to the registry that a Forge block describes."""
    return saved.load(blocks.Forge, forge).connect()


@dataclass(frozen=True, slots=True)
class _Known:
    version: Version
    until: float
    """By the clock `time.monotonic`."""


class ModelMemory:
    """Models by name and version, for any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._registries: dict[str, tuple[blocks.Forge, Registry]] = {}
        self._known: dict[tuple[str, str, str], _Known] = {}
        self._keeps: dict[tuple[str, str, int], bool] = {}
        chosen = settings().forge
        pooling = Pooling(round(chosen.memory_mb * MB), chosen.at_once, idle_s=chosen.idle_s)
        self._pool: ModelPool[Loaded] = ModelPool(
            pooling, warm=warm, is_short=MemoryPressure(chosen.process_mb)
        )

    @contextmanager
    def using(
        self,
        forge: str,
        model: str,
        which: str,
        max_bytes: int | None = None,
        at_once: int | None = None,
    ) -> Iterator[Loaded]:
        """Give a version in memory, which stays there until the end.

        Args:
            forge: name of the Forge block.
            model: its name.
            which: its number or an alias.
            max_bytes: what its parts may have, unpacked; None: any size.
            at_once: uses at the same time; None: what the settings allow.

        Raises:
            ModelNotFoundError: there is no such version.
            ModelCorruptError: its artifact is not what was registered, or it cannot predict.
            ModelMemoryError: it takes more memory than it may have, or than there is.
            ModelBusyError: too many use it.
        """
        registry = self.registry(forge)
        version = self._version(registry, forge, model, which)
        key = f"{forge}/{model}/{version.number}/{version.digest}"
        with self._pool.using(key, lambda: registry.load(version, max_bytes), at_once) as loaded:
            require_room(version, loaded.size, max_bytes)
            self._keeps[forge, model, version.number] = loaded.card.spec.keep_predictions
            yield loaded

    def warm(self, forge: str, model: str, number: int, at_once: int | None) -> bool:
        """Have a version in memory before it is asked for; tell whether it is.

        It is not where that would unload another one. Raises as `using`.
        """
        registry = self.registry(forge)
        held = self._pool.figures().bytes
        size = registry.size(registry.version(model, str(number)))
        if held + size > self._pool.pooling.max_bytes:
            return False
        with self.using(forge, model, str(number), at_once=at_once):
            return True

    def keeps_predictions(self, forge: str, model: str, version: int) -> bool:
        """Tell whether the spec of a version that was used says so."""
        return self._keeps.get((forge, model, version), False)

    def known_champion(self, forge: str, model: str) -> int | None:
        """Return the version that served last, where that is known without asking the registry."""
        known = self._known.get((forge, model, CHAMPION))
        return None if known is None else known.version.number

    def registry(self, forge: str) -> "Registry":
        """Return a connection that is used again."""
        block = saved.load(blocks.Forge, forge)
        with self._lock:
            known = self._registries.get(forge)
            if known is None or known[0] != block:  # somebody edited the block
                known = self._registries[forge] = (block, block.connect())
            return known[1]

    def forget_champions(self, forge: str, model: str) -> None:
        """Look the aliases of a model up again: somebody has changed them."""
        self._known = {
            asked: known for asked, known in self._known.items() if asked[:2] != (forge, model)
        }

    def _version(self, registry: "Registry", forge: str, model: str, which: str) -> Version:
        asked = (forge, model, which)
        found = self._known.get(asked)
        if found is None or found.until < time.monotonic():
            version = registry.version(model, which)
            found = _Known(version, time.monotonic() + settings().forge.champion_s)
            self._known[asked] = found
        return found.version


memory: Final = ModelMemory()
"""Of this process."""
