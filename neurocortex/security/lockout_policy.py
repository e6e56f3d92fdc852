"""When wrong credentials end in a lock, and for how long. Pure rules.

Failures are counted for each pair of a credential's public id and the network it was tried from:
three wrong tries lock that pair, and the owner goes on from everywhere else. Failures are counted
for the network as well, over all ids, so that trying many ids from one place ends too; a pair that
was right lately is not held up by that (compare OWASP's device cookies). Each lock of a row lasts
twice as long as the one before.

The same rules run in Redis: see `scripts.py`. A test holds the two together.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address
from typing import Final

GOOD_FOR_S: Final = 86400.0
"""So long after a right credential its pair is not held up by a lock of its network."""

IPV6_PREFIX: Final = 64
"""One subscriber has as many addresses as this leaves: they count as one (RFC 6177)."""


@dataclass(frozen=True, slots=True)
class LockoutPolicy:
    """How many failures, and how long."""

    pair_failures: int
    """Of one id from one network, until a lock."""
    network_failures: int
    """Of all ids from one network, until a lock."""
    lock_s: float
    """The first lock. Failures longer ago than this do not count."""
    longest_lock_s: float

    @property
    def kept_s(self) -> float:
        """How long a record is kept after its last failure: as long the next lock is longer."""
        return 2 * max(self.lock_s, self.longest_lock_s)


@dataclass(frozen=True, slots=True)
class Record:
    """What is remembered of a pair or a network. Times are seconds of one clock."""

    failures: int = 0
    """Since the last lock or right credential."""
    locks: int = 0
    """In a row."""
    until: float = 0.0
    """Locked until then."""
    last: float = 0.0
    """The last failure."""
    good_until: float = 0.0


FRESH: Final = Record()


def after_failure(record: Record, limit: int, now: float, policy: LockoutPolicy) -> Record:
    """Return a record after one more failure; at `limit` failures it is locked."""
    failures = 1 if now - record.last > policy.lock_s else record.failures + 1
    locks = 0 if now - record.last > policy.kept_s else record.locks
    if failures < limit:
        return Record(failures, locks, record.until, now, record.good_until)
    lock_s = min(policy.lock_s * 2.0**locks, policy.longest_lock_s)
    # Beyond 2^32 any lock is the longest one.
    return Record(0, min(locks + 1, 32), now + lock_s, now, record.good_until)


def after_success(record: Record, now: float) -> Record:
    """Return a pair's record after a right credential. A lock that was is still remembered."""
    return Record(0, record.locks, record.until, record.last, now + GOOD_FOR_S)


def locked_for(pair: Record, network: Record, now: float) -> float:
    """Return for how many seconds a pair is refused still; 0: it may try."""
    if pair.until > now:
        return pair.until - now
    if pair.good_until > now:
        return 0.0
    return max(network.until - now, 0.0)


def network_of(address: str) -> str:
    """Return what an address counts as: an IPv6 one as its /64, an IPv4 one, or a name, as it is.

    An IPv4 address written as IPv6 (`::ffff:192.0.2.1`) is that IPv4 address.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    host_bits = 128 - IPV6_PREFIX
    return f"{ip_address(int(parsed) >> host_bits << host_bits)}/{IPV6_PREFIX}"
