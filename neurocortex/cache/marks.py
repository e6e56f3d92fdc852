"""What this instance knows of invalidations, and whether an entry may still be used."""

import re
from collections.abc import Iterable
from typing import Final

from neurocortex.cache.keys import Key
from neurocortex.cache.values import EVERYONE, Entry, Invalidation

MARGIN_S: Final = 2 * 3600
"""Marks are kept so much longer than any entry: clocks differ, and what is under way ends."""

FEW: Final = 1000
"""Marks that are not worth a look for old ones."""

MICROSECONDS: Final = 1_000_000


class Marks:
    """Versions of the last invalidation of each key, tag and pattern.

    An entry ends when one of its marks has a higher version than the entry was born with. That
    makes an invalidation one write, however many entries it ends.
    """

    def __init__(self, longest_s: float) -> None:
        """Judge entries that no level keeps longer than `longest_s`."""
        self.kept_s = longest_s + MARGIN_S
        """An entry that a mark has ended is gone by itself after that."""
        self.epoch = 0
        """The Redis they come from remembers invalidations since then; 0: never asked one."""
        self.version = 0
        """All up to this one are known here."""
        self.latest = 0
        """The highest known one: what is computed from now on is born with it."""
        self._ended: dict[str, int] = {}
        self._patterns: dict[str, dict[str, tuple[int, re.Pattern[str]]]] = {}
        self._sweep_at = FEW

    def allow(self, key: Key, entry: Entry) -> bool:
        """Return whether nothing has ended an entry since its computation began."""
        born = entry.born
        if born >= self.latest:
            return True
        if born < self.epoch or self._ended.get("key:" + key.text, 0) > born:
            return False
        tenant = key.tenant
        for tag in entry.tags:
            for whose in (tenant, EVERYONE):
                if self._ended.get(f"tag:{whose}:{tag}", 0) > born:
                    return False
        patterns = self._patterns.get(tenant)
        if not patterns:
            return True
        name = f"{key.namespace}:{key.digest}"
        return not any(
            version > born and pattern.fullmatch(name) for version, pattern in patterns.values()
        )

    def since(self, key: Key, born: int, tags: tuple[str, ...]) -> list[tuple[str, int]]:
        """Return the marks that end an entry of a key and tags that was born then."""
        tenant = key.tenant
        ended = (f"tag:{whose}:{tag}" for tag in tags for whose in (tenant, EVERYONE))
        names = (f"key:{key.text}", *ended)
        ends = [(name, self._ended.get(name, 0)) for name in names]
        text = f"{key.namespace}:{key.digest}"
        for name, (version, pattern) in self._patterns.get(tenant, {}).items():
            if pattern.fullmatch(text):
                ends.append((f"pattern:{tenant}:{name}", version))
        if born < self.epoch and born:
            ends.append((f"epoch:{tenant}:Redis lost its memory", self.epoch))
        return [(name, version) for name, version in ends if version > born]

    def learn(self, marks: Iterable[tuple[str, int]], epoch: int, version: int) -> None:
        """Take in all marks up to a version.

        Another epoch than before means that Redis lost its memory: what was computed before it
        began to remember can no longer be told from what was invalidated.
        """
        self.epoch = epoch
        for text, at in marks:
            self.mark(text, at)
        self.version = version
        self.latest = max(self.latest, version)
        if len(self._ended) > self._sweep_at:
            self._forget_old()

    def follows(self, epoch: int, before: int) -> bool:
        """Return whether a mark that came after version `before` is the next one here."""
        return (epoch, before) == (self.epoch, self.version)

    def mark(self, text: str, version: int) -> None:
        """Take in one mark, as `text_of` writes it."""
        kind, tenant, name = text.split(":", 2)
        self.latest = max(self.latest, version)
        if kind != "pattern":
            self._ended[text] = max(version, self._ended.get(text, 0))
            return
        patterns = self._patterns.setdefault(tenant, {})
        known, _ = patterns.get(name, (0, None))
        patterns[name] = (max(version, known), re.compile(_regex(name), re.DOTALL))

    def _forget_old(self) -> None:
        horizon = self.latest - self.kept_s * MICROSECONDS
        self._ended = {text: at for text, at in self._ended.items() if at >= horizon}
        for patterns in self._patterns.values():
            for name in [name for name, (at, _) in patterns.items() if at < horizon]:
                del patterns[name]
        # Looking at all of them each time would make an invalidation as dear as they are many.
        self._sweep_at = 2 * len(self._ended) + FEW


def text_of(target: Invalidation) -> str:
    """Return a mark's text. Neither kind nor tenant holds a colon."""
    return f"{target.kind}:{target.tenant}:{target.name}"


def target_of(text: str) -> Invalidation:
    """Return what a mark's text says."""
    kind, tenant, name = text.split(":", 2)
    return Invalidation(tenant, kind, name)


def _regex(pattern: str) -> str:
    """Of a pattern with `*` for any text and `?` for one character; nothing else is special."""
    special = {"*": ".*", "?": "."}
    return "".join(special.get(letter) or re.escape(letter) for letter in pattern)
