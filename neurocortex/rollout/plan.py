"""A rollout as a value: two versions of a model, how traffic is shared, when it ends."""

from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from pydantic import Field, model_validator

from neurocortex.domain.strict import Strict, problem


class Strategy(StrEnum):
    """How a new version meets traffic."""

    SHADOW = "shadow"
    """It computes a copy of requests. Nobody gets its answers."""
    CANARY = "canary"
    """It answers a share of the requests."""
    BLUE_GREEN = "blue-green"
    """It answers all requests at once; the old version computes copies, and stays warm."""


DEFAULT_PERCENT: Final = {Strategy.SHADOW: 100.0, Strategy.CANARY: 10.0, Strategy.BLUE_GREEN: 10.0}
"""Of the requests that the version which has not all of them answers, or computes a copy of."""


class Arm(StrEnum):
    """The two versions that are compared."""

    STABLE = "stable"
    """The one that served before."""
    CANDIDATE = "candidate"
    """The new one."""


class State(StrEnum):
    """Where a rollout is."""

    RUNNING = "running"
    PROMOTED = "promoted"
    """The candidate is the champion."""
    RETURNED = "returned"
    """The stable version is the champion, as before."""
    SUPERSEDED = "superseded"
    """Somebody made another version the champion meanwhile, or deployed one."""


class Deployed(Strict):
    """A version with what it may use up and how long its answers are kept."""

    version: int = Field(ge=1)
    memory_bytes: int | None = Field(None, ge=1, description="Of its unpacked artifact, at most.")
    concurrency: int | None = Field(
        None, ge=1, description="Computations that one lane process has it do at once."
    )
    cache_s: float = Field(0.0, ge=0, description="Seconds its answers are kept; 0: not at all.")


class Guard(Strict):
    """When a rollout ends by itself."""

    error: float = Field(
        0.05,
        gt=0,
        lt=0.5,
        description="Chance to return a version that is no worse, and to promote one that is worse"
        " than the margins allow, at most.",
    )
    enough: int = Field(
        1000, ge=20, description="Requests that the new version must have had to be promoted."
    )
    slower: float = Field(
        1.25, ge=1, le=16, description="Its computing time may be longer by this factor."
    )
    margin: float = Field(
        0.02,
        gt=0,
        lt=1,
        description="The share of requests that it cannot answer may be higher by so much.",
    )
    margin_wrong: float = Field(
        0.05,
        gt=0,
        lt=1,
        description="The share of its answers that are judged wrong may be higher by so much.",
    )
    promote: bool = Field(
        True, description="Promote it after enough requests once it is shown to be no worse."
    )
    only_better: bool = Field(
        False, description="Promote it only if it is shown to be better in something as well."
    )


class Rollout(Strict):
    """One rollout. Ended ones stay: the last of a model says what its version may use up."""

    id: UUID
    forge: str
    """Name of the Forge block."""
    model: str
    strategy: Strategy
    percent: float = Field(gt=0, le=100)
    stable: Deployed
    candidate: Deployed
    guard: Guard = Guard()
    started_at: datetime
    state: State = State.RUNNING
    reason: str = ""
    """Why it ended, as a sentence without its full stop."""
    ended_at: datetime | None = None

    @model_validator(mode="after")
    def _has_two_versions(self) -> "Rollout":
        if self.stable.version == self.candidate.version:
            raise problem(("candidate",), f"version {self.stable.version} serves already.")
        return self

    @property
    def is_running(self) -> bool:
        """Whether both versions get requests."""
        return self.state is State.RUNNING

    @property
    def expected_champion(self) -> int:
        """The version that the registry calls the champion while this goes on."""
        green = self.strategy is Strategy.BLUE_GREEN
        return (self.candidate if green else self.stable).version

    @property
    def winner(self) -> Deployed:
        """The version that serves when this has ended."""
        return self.candidate if self.state is State.PROMOTED else self.stable

    def arm(self, arm: Arm) -> Deployed:
        """Return the version of an arm."""
        return self.stable if arm is Arm.STABLE else self.candidate

    def deployed(self, version: int) -> Deployed | None:
        """Return what a version may use up; None where this says nothing about it."""
        return next(
            (each for each in (self.stable, self.candidate) if each.version == version), None
        )

    def ended(self, state: State, reason: str, when: datetime) -> "Rollout":
        """Return it as it is after its end."""
        return self.model_copy(update={"state": state, "reason": reason, "ended_at": when})
