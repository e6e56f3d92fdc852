"""The receipt of a choice: each candidate's score by factor, and why one was taken."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from neurocortex.domain.choices import Choice
from neurocortex.domain.deployments import Tier
from neurocortex.selection.choosing import Decision, Standing
from neurocortex.selection.constraints import FAILED
from neurocortex.selection.values import Asked


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Scored(_Value):
    """One candidate: its factors, each 0 to 1, and what they come to."""

    provider: str
    score: float
    reliability: float
    accuracy: float
    latency: float
    cost: float
    load: float
    freshness: float
    removed_by: str | None = None
    """Name of the constraint that it breaks."""
    because: str | None = None

    @classmethod
    def of(cls, standing: Standing) -> Self:
        """Return the line of a candidate."""
        found, removed = standing.factors, standing.removed
        return cls(
            provider=standing.provider,
            score=round(standing.score, 4),
            reliability=round(found.reliability, 4),
            accuracy=round(found.accuracy, 4),
            latency=round(found.latency, 4),
            cost=round(found.cost, 4),
            load=round(found.load, 4),
            freshness=round(found.freshness, 4),
            removed_by=removed.constraint if removed else None,
            because=removed.text if removed else None,
        )


class Receipt(_Value):
    """What was decided."""

    id: UUID
    at: datetime
    operation: str
    tenant: str
    tier: Tier
    provider: str
    """Who was asked."""
    explored: bool
    """Whether another was expected to be better."""
    why: str
    candidates: tuple[Scored, ...]
    """Best first; those that were removed last."""

    @classmethod
    def of(cls, id_: UUID, at: datetime, tenant: str, asked: Asked, decision: Decision) -> Self:
        """Return the receipt of a decision."""
        ranked = sorted(
            decision.standings, key=lambda each: (each.removed is not None, -each.score)
        )
        return cls(
            id=id_,
            at=at,
            operation=asked.operation,
            tenant=tenant,
            tier=asked.tier,
            provider=decision.chosen,
            explored=decision.is_exploring,
            why=_sentence(decision),
            candidates=tuple(map(Scored.of, ranked)),
        )

    @property
    def choice(self) -> Choice:
        """What who asked is told."""
        return Choice(
            receipt=self.id,
            provider=self.provider,
            explored=self.explored,
            failed=tuple(each.provider for each in self.candidates if each.removed_by == FAILED),
            why=self.why,
        )

    @property
    def has_others(self) -> bool:
        """Whether another provider may be asked where this one fails."""
        return any(
            each.removed_by is None and each.provider != self.provider for each in self.candidates
        )


class Call(_Value):
    """How the call ended that a receipt is of."""

    succeeded: bool | None
    """None: nothing was learned, as when nobody was asked or the request was cancelled."""
    seconds: float
    tokens: int
    """In and out."""
    cost: float


class Followed(_Value):
    """A receipt, and what came of it."""

    receipt: Receipt
    call: Call | None
    """None: it has not ended, or nobody told."""
    score: float | None
    """Of the answer, 0 to 1; None: nobody judged it."""


def _sentence(decision: Decision) -> str:
    failed = [
        each.provider
        for each in decision.standings
        if each.removed is not None and each.removed.constraint == FAILED
    ]
    before = f" Before it, {', '.join(failed)} failed." if failed else ""
    return _reason(decision) + before


def _reason(decision: Decision) -> str:
    chosen, best = decision.of(decision.chosen), decision.of(decision.best)
    left = [each for each in decision.standings if each.removed is None]
    others = f"{len(left)} of {len(decision.standings)} providers may be asked"
    if len(left) == 1:
        return f"It is the only one that may be asked of {len(decision.standings)}."
    if decision.is_exploring:
        return (
            f"It is tried to learn about it: it scores {chosen.score:.2f}, {best.provider}"
            f" {best.score:.2f}; {others}."
        )
    if chosen is not best:
        return f"It scores {chosen.score:.2f}, as good as the best; {others}."
    return f"It scores {chosen.score:.2f}, the best; {others}."
