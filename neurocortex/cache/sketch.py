"""How often keys were asked for lately, in little memory: a count-min sketch with aging.

Cormode and Muthukrishnan, "An improved data stream summary" (2005); the aging, and why four bits
are enough, from Einziger, Friedman and Manes, "TinyLFU" (2017).
"""

from typing import Final

ROWS: Final = 4
HIGHEST: Final = 15
SAMPLE: Final = 10
"""Counters are halved when there were so many requests for each entry that fits."""

_HALVED: Final = bytes(count // 2 for count in range(256))
_MULTIPLIERS: Final = (
    0x9E3779B97F4A7C15,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0xD6E8FEB86659FD93,
)
_WORD: Final = 2**64 - 1


class FrequencySketch:
    """Estimates are never too low since the last halving, and too high only by collisions."""

    def __init__(self, entries: int) -> None:
        """Make one for about so many entries, rounded up to a power of two: 16 bytes for each."""
        bits = max(entries * 4 - 1, 63).bit_length()
        self.entries = 2**bits // 4
        self._shift = 64 - bits
        self._rows = [bytearray(2**bits) for _ in range(ROWS)]
        self._requests = 0

    def record(self, key: str) -> None:
        """Count a request."""
        hashed = hash(key)
        added = False
        for row, multiplier in zip(self._rows, _MULTIPLIERS, strict=True):
            at = ((hashed * multiplier) & _WORD) >> self._shift
            if row[at] < HIGHEST:
                row[at] += 1
                added = True
        if added:
            self._requests += 1
            if self._requests >= SAMPLE * self.entries:
                self._age()

    def estimate(self, key: str) -> int:
        """Return about how often a key was asked for lately, 15 at most."""
        hashed = hash(key)
        return min(
            row[((hashed * multiplier) & _WORD) >> self._shift]
            for row, multiplier in zip(self._rows, _MULTIPLIERS, strict=True)
        )

    def _age(self) -> None:
        self._rows = [row.translate(_HALVED) for row in self._rows]
        self._requests //= 2
