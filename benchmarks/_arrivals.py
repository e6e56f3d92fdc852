"""Requests that arrive over time, from a file or made up, and the runs they stand for."""

import csv
import random
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import Resources, Work

SEED: Final = 20231116
REQUESTS: Final = 8000
"""Made up: as many as an hour of the Azure trace, in bursts as it has them."""

MADE_UP_SPAN_S: Final = 3600.0
TENANTS: Final = 8
LENDING: Final = 1 / 6
"""Share of the time in which only medium and low arrive, so that there is something to lend."""

CONTEXT_PER_GENERATED: Final = 100
"""Tokens read in the time in which one is written: what a request takes."""

LONGEST: Final = 4
"""Times the mean a request takes at most: what takes longer meets its timeout."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a trace."""

    at: float
    """Seconds after the first."""
    context: int
    """Tokens read."""
    generated: int
    """Tokens written."""


def read(path: Path) -> list[Request]:
    """Read a CSV file with the columns TIMESTAMP, ContextTokens and GeneratedTokens."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [
            (
                datetime.fromisoformat(row["TIMESTAMP"][:26]),
                int(row["ContextTokens"]),
                int(row["GeneratedTokens"]),
            )
            for row in csv.DictReader(file)
        ]
    first = min(at for at, _, _ in rows)
    return [Request((at - first).total_seconds(), *tokens) for at, *tokens in sorted(rows)]


def make() -> list[Request]:
    """Make up requests that come in bursts, the same ones each time."""
    chance = random.Random(SEED)
    requests: list[Request] = []
    at = 0.0
    while len(requests) < REQUESTS:
        at += chance.expovariate(0.1)
        burst = min(REQUESTS - len(requests), int(chance.paretovariate(1.3)) * 4)
        for _ in range(min(burst, 60)):
            context = int(min(7000, chance.lognormvariate(7.2, 0.9))) + 1
            generated = int(min(500, chance.lognormvariate(2.8, 0.9))) + 1
            requests.append(Request(at + chance.random(), context, generated))
    last = max(request.at for request in requests)
    scaled = (
        Request(request.at * MADE_UP_SPAN_S / last, request.context, request.generated)
        for request in requests
    )
    return sorted(scaled, key=lambda request: request.at)


def as_runs(requests: list[Request], slots: int, overload: float) -> list[Work]:
    """Turn requests into runs, ordered by arrival.

    A run takes one core for as long as the request's tokens take, four times the mean at most,
    scaled so that all together are `overload` times what the slots can do while they arrive; so
    it costs as many cpu-seconds as it takes. It holds a megabyte for each token read, in whole
    gigabytes. Tier and tenant are drawn from the token counts, modulo their number: nearly even,
    and the same each time. In the first part of the time only medium and low arrive.
    """
    span = requests[-1].at
    raw = [request.generated + request.context / CONTEXT_PER_GENERATED for request in requests]
    longest = LONGEST * sum(raw) / len(raw)
    raw = [min(size, longest) for size in raw]
    scale = overload * slots * span / sum(raw)
    tiers = list(Tier)
    runs = []
    for number, (request, size) in enumerate(zip(requests, raw, strict=True)):
        some = tiers[2:] if request.at < span * LENDING else tiers
        runs.append(
            Work(
                id=UUID(int=number),
                tier=some[request.context % len(some)],
                tenant=f"tenant-{request.generated % TENANTS}",
                needs=Resources(cpu=1, memory_mb=1024 * (1 + request.context // 1024)),
                cost=size * scale,
                since=request.at,
            )
        )
    return runs
