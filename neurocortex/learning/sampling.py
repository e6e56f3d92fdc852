"""A few of the runs that a lane process finishes, chosen so that each was as likely as any."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from neurocortex.learning.features import features_of
from neurocortex.learning.finished import Finished
from neurocortex.requests.pipeline import Pipeline
from neurocortex.requests.request import Request

WINDOW_S: Final = 60.0
"""The runs of so many seconds are chosen from together."""

PER_WINDOW: Final = 20
"""Runs kept of one operation: a busy one fills what is kept of it in hours, not in minutes."""


@dataclass(slots=True)
class _Reservoir:
    seen: int = 0
    kept: list[Finished] = field(default_factory=list)


class Sample:
    """Runs since the last `take`: up to `PER_WINDOW` of each operation, by Vitter's algorithm R."""

    def __init__(self, seed: int | None = None) -> None:
        """Choose by a random generator of its own."""
        self._random = random.Random(seed)  # noqa: S311 - it chooses a sample, no secret
        self._operations: dict[str, _Reservoir] = {}

    def add(
        self,
        pipeline: Pipeline[Any, Any],
        request: Request,
        size: int,
        seconds: float,
        tokens: int | None,
    ) -> None:
        """Offer a run; its features are only read if it is chosen.

        Args:
            pipeline: of its operation.
            request: what was asked.
            size: bytes of the request's JSON.
            seconds: it worked.
            tokens: of language models.
        """
        held = self._operations.setdefault(pipeline.operation, _Reservoir())
        held.seen += 1
        place = len(held.kept)
        if place >= PER_WINDOW:
            place = self._random.randrange(held.seen)
            if place >= PER_WINDOW:
                return
        run = Finished(
            operation=pipeline.operation,
            features=features_of(pipeline, request, size),
            seconds=seconds,
            tokens=tokens,
            at=time.time(),
        )
        held.kept[place : place + 1] = [run]

    def take(self) -> Sequence[Finished]:
        """Return the chosen runs, and begin anew."""
        runs = [run for held in self._operations.values() for run in held.kept]
        self._operations.clear()
        return runs
