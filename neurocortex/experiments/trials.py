"""One request of an experiment: how it ended is told once."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from neurocortex.domain.usage import Usage
from neurocortex.errors import (
    AdmissionError,
    InvalidRequestError,
    QuestionError,
    RequestCancelledError,
)
from neurocortex.experiments.interleaving import Team, read
from neurocortex.experiments.outcomes import Taken

NOT_ITS_FAULT: Final = (
    AdmissionError,
    InvalidRequestError,
    QuestionError,
    RequestCancelledError,
)
"""Ends of a request that say nothing of the variant."""

ASKED_WRONG: Final = frozenset({"invalid_request", "question"})
"""The codes of such errors where the lane reports them."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One request of an experiment."""

    request: UUID
    tenant: str
    experiment: UUID
    name: str
    """Of the experiment."""
    variant: str
    """Of an interleaved one both."""
    note: Callable[[Taken], None] = field(repr=False, compare=False)
    is_interleaved: bool = False
    began: float = field(default_factory=time.monotonic)

    def replied(
        self, answer: bytes, usage: Usage | None, *, lasts: bool, is_kept: bool = False
    ) -> None:
        """Note that it was answered.

        Args:
            answer: its JSON.
            usage: of LLMs; None: none was asked.
            lasts: False: the answer stands in for a better one.
            is_kept: it is from the cache.
        """
        if self.is_interleaved:
            found = read(answer)
            self.answered(usage, stands_in=found.note is not None, teams=found.teams)
        else:
            self.answered(usage, is_kept=is_kept, stands_in=not lasts)

    def answered(
        self,
        usage: Usage | None,
        *,
        is_kept: bool = False,
        stands_in: bool = False,
        teams: Sequence[Team] | None = None,
    ) -> None:
        """Note that it was answered.

        Args:
            usage: of LLMs; None: none was asked.
            is_kept: the answer is from the cache, which says nothing of time and cost.
            stands_in: for a better one, as while an LLM is away: the variant failed.
            teams: of its passages, if it is interleaved.
        """
        if is_kept:
            self._ended(failed=False)
            return
        seconds = time.monotonic() - self.began
        cost = usage.cost if usage else 0.0
        self._ended(failed=stands_in, seconds=seconds, cost=cost, teams=teams)

    def failed(self, error: Exception) -> None:
        """Note that it could not be answered, unless that is not the variant's fault."""
        if not isinstance(error, NOT_ITS_FAULT) and getattr(error, "code", "") not in ASKED_WRONG:
            self._ended(failed=True, seconds=time.monotonic() - self.began)

    def accepted(self) -> None:
        """Note that it was accepted: its record will tell what came of it."""
        self._ended(failed=None)

    def _ended(
        self,
        *,
        failed: bool | None,
        seconds: float | None = None,
        cost: float | None = None,
        teams: Sequence[Team] | None = None,
    ) -> None:
        self.note(
            Taken(
                id=self.request,
                experiment=self.experiment,
                variant=self.variant,
                tenant=self.tenant,
                made_at=datetime.now(UTC),
                failed=failed,
                seconds=seconds,
                cost=cost,
                teams=teams,
            )
        )
