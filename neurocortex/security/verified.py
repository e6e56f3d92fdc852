"""Credentials that were verified a moment ago: a request with one of them costs microseconds."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from neurocortex.security.principal import Principal

ENTRIES: Final = 50_000
"""About 400 bytes each. Only right credentials get here, so nobody can fill it by guessing."""


Shown = tuple[bytes, str]
"""A credential and where it came from: see `key_of`."""


@dataclass(frozen=True, slots=True)
class _Entry:
    principal: Principal
    good_until: float


class Verified:
    """By the digest of a header and the address: no credential is kept in memory."""

    def __init__(
        self,
        ttl_s: float,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Believe each for `ttl_s`, or until it expires."""
        self._ttl_s = ttl_s
        self._clock = clock
        self._wall_clock = wall_clock
        self._entries: dict[Shown, _Entry] = {}
        self._of_key: dict[str, set[Shown]] = {}
        self.forgotten = 0
        """Times that anything was forgotten. Where one came during a proof, what was proved may be
        what was to be forgotten: it must not be remembered."""

    def recall(self, header: str, address: str) -> Principal | None:
        """Return who shows a credential, if that was verified a moment ago."""
        entry = self._entries.get(key_of(header, address))
        if entry is None or self._clock() >= entry.good_until:
            return None
        return entry.principal

    def remember(self, header: str, address: str, principal: Principal) -> None:
        """Believe a credential from an address for a while."""
        now = self._clock()
        life_s = self._ttl_s
        if principal.expires_at is not None:
            life_s = min(life_s, principal.expires_at - self._wall_clock())
        if life_s <= 0:
            return
        if len(self._entries) >= ENTRIES:
            self._forget_ended(now)
        if len(self._entries) >= ENTRIES:
            self.forget_all()
        shown = key_of(header, address)
        self._entries[shown] = _Entry(principal, now + life_s)
        if principal.key_id is not None:
            self._of_key.setdefault(principal.key_id, set()).add(shown)

    def forget_key(self, key_id: str) -> None:
        """Verify an API key anew at its next use: it was revoked, or somebody guesses at it."""
        self.forgotten += 1
        for shown in self._of_key.pop(key_id, ()):
            self._entries.pop(shown, None)

    def forget_all(self) -> None:
        """Verify everything anew."""
        self.forgotten += 1
        self._entries.clear()
        self._of_key.clear()

    def _forget_ended(self, now: float) -> None:
        self._entries = {
            shown: entry for shown, entry in self._entries.items() if entry.good_until > now
        }
        kept = {key_id: shown & self._entries.keys() for key_id, shown in self._of_key.items()}
        self._of_key = {key_id: shown for key_id, shown in kept.items() if shown}


def key_of(header: str, address: str) -> Shown:
    """Return what a credential from an address is known by."""
    return sha256(header.encode(errors="surrogatepass")).digest(), address
