"""Which of many open requests are looked at in one round."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from neurocortex.domain.deployments import Tier
from neurocortex.tracking.record import Record, State

PAGE: Final = 200
"""Prefect returns no more at once."""

TIERS: Final = tuple(Tier)


class Round:
    """Most requests that are open wait: those that soon change are looked at in each round, and
    all others in turn, a page at a time. Ten thousand are seen within 50 rounds."""

    def __init__(self) -> None:
        """Begin with the first."""
        self._last = UUID(int=0)

    def choose(self, records: Sequence[Record]) -> Sequence[Sequence[Record]]:
        """Return one or two pages of records.

        The first: those that run or are being cancelled, and then those that start next, by
        tier and age.
        """
        front = sorted(records, key=_soonness)[:PAGE]
        if len(records) <= PAGE:
            return [front] if front else []
        seen = {record.id for record in front}
        others = sorted((each for each in records if each.id not in seen), key=lambda r: r.id)
        after = [each for each in others if each.id > self._last]
        page = (after + others)[: min(PAGE, len(others))]
        self._last = page[-1].id
        return [front, page]


def _soonness(record: Record) -> tuple[bool, int, float]:
    moves = record.state is State.RUNNING or record.cancelling
    return not moves, TIERS.index(record.tier), record.created
