"""Who gets how much of the memory: what is cached under different namespaces shares it.

One policy for all would keep what is asked for most often, however large: a few frames of data in
place of thousands of answers. So each namespace has a policy of its own, and a share of the bytes
that grows where more bytes bring more hits. That is seen from ghosts, the keys of what was driven
out last: equal bytes of ghosts, so hits among them are hits per byte. Cidon, Eisenman, Alizadeh and
Katti, "Cliffhanger: scaling performance cliffs in web memory caches" (2016). Room that a namespace
does not use is lent to the others.
"""

from collections import OrderedDict
from typing import Final

from neurocortex.cache.admission import TinyLfu

MOST_PARTS: Final = 16
"""Namespaces beyond that share the last part."""

GHOSTS: Final = 0.03
"""Of the capacity: what the ghosts of each part would take."""

ROUND: Final = 500
"""Entries taken in until the next look at what the ghosts tell."""

STEP: Final = 0.002
"""Of the capacity: what one look moves from the part with the fewest hits to that with the most."""

LEAST: Final = 0.01
"""Share of the capacity that a part is left with."""

FADING: Final = 0.5
"""What hits of the rounds before count."""


class Part:
    """The share of one namespace."""

    __slots__ = ("_ghost_bytes", "_ghosts", "_most_ghost_bytes", "gain", "hit", "policy", "target")

    def __init__(self, target: int, ghosts: float) -> None:
        """Own `target` bytes, and remember ghosts of so many."""
        self.policy = TinyLfu(target, self._haunt)
        self.hit = self.policy.hit
        """Made once: each entry of the memory holds it."""
        self.target = target
        """Bytes that are its own; it may have borrowed more, or use less."""
        self.gain = 0.0
        """Hits among its ghosts lately."""
        self._ghosts: OrderedDict[str, int] = OrderedDict()
        self._ghost_bytes = 0
        self._most_ghost_bytes = ghosts

    def returned(self, text: str) -> None:
        """Count a hit if a key that comes in is a ghost: with more room it had not gone."""
        weight = self._ghosts.pop(text, None)
        if weight is not None:
            self._ghost_bytes -= weight
            self.gain += 1

    def _haunt(self, text: str, weight: int) -> None:
        """Remember what was driven out."""
        self._ghosts[text] = weight
        self._ghost_bytes += weight
        while self._ghost_bytes > self._most_ghost_bytes:
            _, gone = self._ghosts.popitem(last=False)
            self._ghost_bytes -= gone


class Shares:
    """Decides what is kept; holds keys and weights, no values."""

    def __init__(self, capacity: int, most_parts: int = MOST_PARTS) -> None:
        """Let the weights together be at most `capacity`, in at most so many parts."""
        self.capacity = capacity
        self.weight = 0
        """Of all that is kept."""
        self._most_parts = most_parts
        self._parts: dict[str, Part] = {}
        self._part_of: dict[str, Part] = {}
        self._until_look = ROUND

    def part(self, namespace: str) -> Part:
        """Return the part that a namespace has, or has with others."""
        return self._part_of.get(namespace) or self._new_part(namespace)

    def add(self, namespace: str, text: str, weight: int) -> list[str]:
        """Take a new key in, or one with a new weight; return what is no longer kept.

        That may be the key itself: it is larger than its part may be, or the others are worth more.
        """
        part = self.part(namespace)
        part.returned(text)
        policy = part.policy
        policy.capacity = max(part.target, self.capacity - self.weight + policy.weight)
        before = policy.weight
        evicted = policy.add(text, weight)
        self.weight += policy.weight - before
        if self.weight > self.capacity:
            evicted += self._reclaim(self.weight - self.capacity)
        self._until_look -= 1
        if not self._until_look:
            self._look()
        return evicted

    def remove(self, namespace: str, text: str) -> None:
        """Forget a key, if it is kept."""
        policy = self.part(namespace).policy
        before = policy.weight
        policy.remove(text)
        self.weight += policy.weight - before

    def _new_part(self, namespace: str) -> Part:
        """An equal share for each, taken from all in proportion."""
        if len(self._parts) == self._most_parts:
            part = next(reversed(self._parts.values()))
        else:
            own = self.capacity // (len(self._parts) + 1)
            for each in self._parts.values():
                each.target -= each.target * own // self.capacity
            part = self._parts[namespace] = Part(own, GHOSTS * self.capacity)
        self._part_of[namespace] = part
        return part

    def _reclaim(self, excess: int) -> list[str]:
        """Take room back from who has borrowed most."""
        evicted: list[str] = []
        while excess > 0:
            lender = max(self._parts.values(), key=lambda part: part.policy.weight - part.target)
            before = lender.policy.weight
            evicted += lender.policy.shrink(max(before - excess, 0))
            freed = before - lender.policy.weight
            self.weight -= freed
            excess -= freed
        return evicted

    def _look(self) -> None:
        """Move a little room to where it brings most."""
        self._until_look = ROUND
        step = round(STEP * self.capacity)
        parts = self._parts.values()
        gainer = max(parts, key=lambda part: part.gain)
        givers = [part for part in parts if part.target - step >= LEAST * self.capacity]
        if givers:
            giver = min(givers, key=lambda part: part.gain)
            if giver.gain < gainer.gain:
                giver.target -= step
                gainer.target += step
        for part in parts:
            part.gain *= FADING
