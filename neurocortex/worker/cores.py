"""Which cores a run is held to: those with the fewest runs, so that no core is left idle."""

from collections import Counter
from collections.abc import Sequence


class Cores:
    """The cores of this machine, and how many runs each has."""

    def __init__(self, cores: Sequence[int]) -> None:
        """Take the numbers of the cores we may use."""
        self._load = Counter(dict.fromkeys(cores, 0))
        self._held: dict[int, tuple[int, ...]] = {}

    def quietest(self, count: int) -> tuple[int, ...]:
        """Return so many cores with the fewest runs; none where all would be taken."""
        if not 0 < count < len(self._load):
            return ()
        return tuple(sorted(self._load, key=lambda core: (self._load[core], core))[:count])

    def take(self, pid: int, cores: Sequence[int]) -> None:
        """Take note that a process runs there."""
        self._held[pid] = tuple(cores)
        self._load.update(cores)

    def give_back(self, pid: int) -> None:
        """Take note that it has ended."""
        self._load.subtract(self._held.pop(pid, ()))
