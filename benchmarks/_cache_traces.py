"""How often memory has what is asked for: the admission policy and the prefetcher alone."""

import lzma
import random
import struct
from collections import OrderedDict
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Final

from neurocortex.cache.admission import TinyLfu
from neurocortex.cache.keys import Key
from neurocortex.cache.prefetch import Prefetcher
from neurocortex.cache.shares import MOST_PARTS, Shares

REQUESTS: Final = 100_000
ENTRIES: Final = 1000
LOOP_ENTRIES: Final = 500
DOCUMENTS: Final = 1000
PARTS: Final = 8

KINDS: Final = {
    "embeddings": (20_000, 3_700, 0.55, 0.7),
    "answers": (5_000, 2_600, 0.3, 0.8),
    "frames": (400, 300_000, 0.15, 0.6),
}
"""Keys, bytes of each, share of the requests, and how unevenly they fall on the keys (Zipf)."""
SIZES_BYTES: Final = 30_000_000
"""A sixth of what all of them take."""


def ratios(file: Path | None) -> dict[str, float]:
    """Return hit ratios in percent, and what the prefetcher did for them."""
    trace = _trace(file) if file else _zipf()
    loop = [str(number % (2 * LOOP_ENTRIES)) for number in range(REQUESTS)]
    sessions = _sessions()
    figures = {
        "hit_ratio_trace": _hit_ratio(trace, ENTRIES),
        "hit_ratio_trace_lru": _lru_ratio(trace, ENTRIES),
        "hit_ratio_loop": _hit_ratio(loop, LOOP_ENTRIES),
        "hit_ratio_loop_lru": _lru_ratio(loop, LOOP_ENTRIES),
        "hit_ratio_sessions": _hit_ratio(sessions, ENTRIES),
    }
    figures |= _of_sizes()
    for name, mix in (("trace", trace), ("sessions", sessions)):
        ratio, brought, precision = _prefetched(mix, ENTRIES)
        figures |= {
            f"hit_ratio_{name}_prefetch": ratio,
            f"prefetched_{name}": brought,
            f"prefetch_precision_{name}": precision,
        }
    return figures


def _trace(path: Path) -> list[str]:
    raw = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    return [str(number) for number in struct.unpack(f">{len(raw) // 4}i", raw)]


def _zipf() -> list[str]:
    pick = random.Random(1)
    return [str(int(pick.paretovariate(0.8))) for _ in range(REQUESTS)]


def _sessions() -> list[str]:
    """Return parts of documents, read in order; some documents are read more often."""
    pick = random.Random(1)
    weights = _weights(DOCUMENTS, 0.8)
    chosen = pick.choices(range(DOCUMENTS), cum_weights=weights, k=REQUESTS // PARTS)
    return [f"{document}.{part}" for document in chosen for part in range(PARTS)]


def _of_sizes() -> dict[str, float]:
    """Return hit ratios on values of different sizes, as one and in shares."""
    pick = random.Random(1)
    kinds = {name: _weights(keys, skew) for name, (keys, _, _, skew) in KINDS.items()}
    often = [share for _, _, share, _ in KINDS.values()]
    requests = [
        (kind, pick.choices(range(KINDS[kind][0]), cum_weights=kinds[kind])[0])
        for kind in pick.choices([*KINDS], often, k=REQUESTS)
    ]
    figures = {}
    for name, parts in (("hit_ratio_sizes_as_one", 1), ("hit_ratio_sizes", MOST_PARTS)):
        memory, hits = Shares(SIZES_BYTES, parts), 0
        for kind, number in requests:
            if memory.part(kind).policy.request(f"{kind} {number}"):
                hits += 1
            else:
                memory.add(kind, f"{kind} {number}", KINDS[kind][1])
        figures[name] = 100 * hits / len(requests)
    return figures


def _weights(keys: int, skew: float) -> list[float]:
    return [*accumulate((number + 1) ** -skew for number in range(keys))]


def _hit_ratio(requests: Sequence[str], capacity: int) -> float:
    policy, hits = TinyLfu(capacity), 0
    for request in requests:
        if policy.request(request):
            hits += 1
        else:
            policy.add(request, 1)
    return 100 * hits / len(requests)


def _lru_ratio(requests: Sequence[str], capacity: int) -> float:
    kept: OrderedDict[str, None] = OrderedDict()
    hits = 0
    for request in requests:
        hits += request in kept
        kept[request] = None
        kept.move_to_end(request)
        if len(kept) > capacity:
            kept.popitem(last=False)
    return 100 * hits / len(requests)


def _prefetched(requests: Sequence[str], capacity: int) -> tuple[float, int, float]:
    """Return hits in percent, entries brought up, and the share of them that was used.

    What was asked for before is on a lower level.
    """
    policy, prefetcher = TinyLfu(capacity), Prefetcher()
    kept: set[str] = set()
    below: set[str] = set()
    hits = 0

    def keep(text: str) -> None:
        kept.add(text)
        kept.difference_update(policy.add(text, 1))

    for text in requests:
        key = Key("acme", "trace", text)
        hit = policy.request(text)
        hits += hit
        following = []
        if not hit or key.text in prefetcher.pending:
            following = prefetcher.asked(key, hit=hit)
        if not hit:
            keep(text)
        below.add(text)
        for each in following:
            if each.digest in below and each.digest not in kept:
                prefetcher.bring(each)
                keep(each.digest)
    used = prefetcher.used / prefetcher.brought if prefetcher.brought else 0.0
    return 100 * hits / len(requests), prefetcher.brought, used
