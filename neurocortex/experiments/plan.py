"""An experiment as a value: what varies, who gets what, what is measured, when it ends."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, JsonValue, StringConstraints, model_validator

from neurocortex.domain.strict import Strict, problem

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]

SHARES: Final = 100.0
"""The shares of all variants together, in percent."""


class Unit(StrEnum):
    """Who stays with one variant."""

    REQUEST = "request"
    """Nobody: each request is assigned by itself."""
    TENANT = "tenant"
    """All requests of a tenant have the same variant."""


class Design(StrEnum):
    """How the variants meet."""

    SPLIT = "split"
    """Each request is served by one variant."""
    INTERLEAVED = "interleaved"
    """Each request is served by both: they pick the passages of its answer in turns."""


class Metric(StrEnum):
    """What decides which variant is better."""

    SUCCESS = "success"
    """Share of the requests that were answered."""
    SCORE = "score"
    """Mean score of feedback, 0 to 1."""
    LATENCY = "latency"
    """Mean seconds until the answer, each counted as `cap` at most."""
    COST = "cost"
    """Mean cost of a request, each counted as `cap` at most."""
    PREFERENCE = "preference"
    """Share of the interleaved answers of which more passages of that variant were used; half of
    those with as many of each."""

    @property
    def is_capped(self) -> bool:
        """Whether a value may be of any size, so that the experiment has to cap it."""
        return self in (Metric.LATENCY, Metric.COST)


_METRICS: Final = {Design.SPLIT: Metric.SCORE, Design.INTERLEAVED: Metric.PREFERENCE}
"""What decides unless it is said."""


class Variant(Strict):
    """One way to serve a request."""

    name: Name
    share: float | None = Field(
        None,
        gt=0,
        lt=SHARES,
        description="Percent of the requests or tenants. No variant has one: all have the same.",
    )
    set: Mapping[str, JsonValue] = Field(
        {},
        description="Fields of the request, in place of what it says. Of a mapping, such as"
        " `parameters`, only the given keys are replaced. Empty: the request as it is.",
    )


class Guardrails(Strict):
    """Limits that no variant may break, whatever it is good for."""

    error_rate: float | None = Field(
        None, gt=0, lt=1, description="Share of the requests that cannot be answered, at most."
    )
    p95_s: float | None = Field(
        None, gt=0, description="Seconds within which 95 % of the requests must be answered."
    )
    cost: float | None = Field(None, gt=0, description="Mean cost of a request, at most.")

    @property
    def count(self) -> int:
        """How many are set."""
        return sum(each is not None for each in (self.error_rate, self.p95_s, self.cost))


class ExperimentSpec(Strict):
    """What people write in a file."""

    name: Name
    operation: str = Field(min_length=1, description="Of the requests it is made with.")
    where: Mapping[str, JsonValue] = Field(
        {}, description="Only requests with these values of their fields take part."
    )
    variants: tuple[Variant, ...] = Field(
        min_length=2, max_length=5, description="The first is what the others are compared with."
    )
    design: Design = Design.SPLIT
    unit: Unit = Unit.REQUEST
    metric: Metric = Field(
        default_factory=lambda given: _METRICS[given.get("design", Design.SPLIT)],
        description="Unset: score; of an interleaved experiment preference, its only one.",
    )
    cap: float | None = Field(
        None, gt=0, description="Of latency (seconds) and cost: a larger value counts as this."
    )
    minimum_effect: float = Field(
        0.0,
        ge=0,
        description="Smallest gain worth a change, in the metric's unit. When no variant can have"
        " it any more, the first one stays. 0: the experiment goes on to its end.",
    )
    alpha: float = Field(
        0.05, gt=0, lt=0.5, description="Chance of a false decision, at most, over all looks."
    )
    guardrails: Guardrails = Guardrails()
    samples: int = Field(
        10_000, ge=20, description="It ends undecided after so many measured values in all."
    )
    until: AwareDatetime | None = Field(None, description="It ends undecided at that time.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        names = [each.name for each in self.variants]
        if len(set(names)) < len(names):
            raise problem(("variants",), "two variants have one name.")
        given = [each.share for each in self.variants if each.share is not None]
        if self.is_interleaved:
            self._can_be_interleaved(given)
        elif self.metric is Metric.PREFERENCE:
            raise problem(("metric",), "preference needs `design: interleaved`.")
        elif given and (len(given) < len(names) or abs(sum(given) - SHARES) > 1e-6):
            raise problem(("variants",), "the shares must add up to 100, or leave out all of them.")
        if len({repr(each.set) for each in self.variants}) < len(names):
            raise problem(("variants",), "two variants set the same: nothing would be compared.")
        if self.metric.is_capped and self.cap is None:
            raise problem(("metric",), f"{self.metric.value} needs a `cap`.")
        if not self.metric.is_capped and self.cap is not None:
            raise problem(("cap",), f"{self.metric.value} is at most 1: leave out `cap`.")
        return self

    def _can_be_interleaved(self, shares: Sequence[float]) -> None:
        if len(self.variants) != 2:
            raise problem(("variants",), "two rankings are interleaved: give two variants.")
        if shares:
            raise problem(("variants",), "both variants serve each request: leave out `share`.")
        if self.metric is not Metric.PREFERENCE:
            raise problem(("metric",), "interleaved rankings have no metric but preference.")

    @property
    def is_interleaved(self) -> bool:
        """Whether both variants serve each request."""
        return self.design is Design.INTERLEAVED

    @property
    def shares(self) -> Mapping[str, float]:
        """Percent of the requests or tenants that each variant serves."""
        equal = SHARES / len(self.variants)
        return {each.name: equal if each.share is None else each.share for each in self.variants}

    @property
    def both(self) -> str:
        """What serves an interleaved request, as it is told: the names of both variants."""
        return "+".join(each.name for each in self.variants)

    @property
    def scale(self) -> float:
        """The metric's range: what makes its values 0 to 1."""
        return self.cap or 1.0

    @property
    def control(self) -> Variant:
        """What the others are compared with."""
        return self.variants[0]

    @property
    def challengers(self) -> tuple[Variant, ...]:
        """The others."""
        return self.variants[1:]


class State(StrEnum):
    """Where an experiment is."""

    RUNNING = "running"
    DECIDED = "decided"
    """A variant was found to be better, or none can be by the minimum effect."""
    UNDECIDED = "undecided"
    """It came to its end before that."""
    BROKEN = "broken"
    """Guardrails left nothing to compare."""
    STOPPED = "stopped"
    """Somebody stopped it."""


class Change(Strict):
    """What somebody made of an experiment after its end; all of them are kept."""

    variant: str | None
    """Requests are served as this variant has them from then on. None: as they ask again."""
    at: datetime
    by: str
    """Who did that, as the machine knows them."""


class Experiment(Strict):
    """One experiment, as it is kept."""

    id: UUID
    spec: ExperimentSpec
    started_at: datetime
    state: State = State.RUNNING
    stopped: Mapping[str, str] = {}
    """Variants that get no requests any more, and why; the first variant has theirs."""
    winner: str | None = None
    """Name of the variant that is to serve; None: nothing was found."""
    reason: str = ""
    """Why it ended, as a sentence without its full stop."""
    ended_at: datetime | None = None
    changes: tuple[Change, ...] = ()
    """In the order in which they were made."""

    @property
    def applied(self) -> Variant | None:
        """The variant as which requests are served since the experiment's end; None: none is."""
        name = self.changes[-1].variant if self.changes else None
        return next((each for each in self.spec.variants if each.name == name), None)

    @property
    def is_running(self) -> bool:
        """Whether requests are assigned."""
        return self.state is State.RUNNING

    @property
    def rivals(self) -> tuple[Variant, ...]:
        """The challengers that still get requests."""
        return tuple(each for each in self.spec.challengers if each.name not in self.stopped)

    def without(self, variant: str, reason: str) -> "Experiment":
        """Return it with a variant stopped."""
        return self.model_copy(update={"stopped": {**self.stopped, variant: reason}})

    def ended(self, state: State, winner: str | None, reason: str, when: datetime) -> "Experiment":
        """Return it as it is after its end."""
        return self.model_copy(
            update={"state": state, "winner": winner, "reason": reason, "ended_at": when}
        )

    def changed(self, variant: str | None, when: datetime, by: str) -> "Experiment":
        """Return it with a variant applied; None: with none applied any more."""
        change = Change(variant=variant, at=when, by=by)
        return self.model_copy(update={"changes": (*self.changes, change)})
