"""What is known of an endpoint's health, and how each call and check changes it: pure rules.

An endpoint that fails is left out for a time ("ejected", as Envoy's outlier detection calls it),
each further time twice as long. When its time is over one call probes it: a circuit breaker that is
half open. Checks and calls are told apart, because an endpoint may list its models and fail each
call: what calls have ejected only a call lets in again.

https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from neurocortex.settings import BalancingSettings

FORGOTTEN: Final = 0.25
"""A score of failures below this is none."""

LONGEST_PAUSE_S: Final = 300.0
"""A provider that asks for a longer pause is asked again after this one."""

PROBE_S: Final = 30.0
"""A probe whose process died blocks the next one for so long."""

PEACE: Final = 10.0
"""After so many times the first ejection's length without another, the next is a first one."""

CHECK: Final = "check"


class Standing(StrEnum):
    """Whether an endpoint gets calls."""

    IN = "in"
    PAUSED = "paused"
    """It asked for a pause (Retry-After): it gets none until then."""
    SLOW = "slow"
    """It is ejected because others begin far sooner: it gets calls where nobody is in."""
    OUT = "out"
    """It is ejected because it fails, or somebody probes it now."""
    DUE = "due"
    """Its ejection is over: the next call probes it."""


class Health(BaseModel):
    """What all processes know of one endpoint. Times are seconds since 1970, by Redis's clock."""

    model_config = ConfigDict(frozen=True)

    score: float = 0.0
    """Failed calls; each that succeeds halves it, so that one in two ejects as well."""
    failed_checks: int = 0
    """In a row."""
    ejected_at: float = 0.0
    ejected_until: float = 0.0
    """0: it is not ejected."""
    ejections: int = 0
    """In a row: the next one is so many times doubled."""
    probed_until: float = 0.0
    paused_until: float = 0.0
    reason: str = ""
    """Of its ejection or pause, for people."""
    by_check: bool = False
    """Checks ejected it: one that succeeds lets a call probe it at once."""
    is_slow: bool = False
    """It was ejected because others begin far sooner."""
    failing_since: float = 0.0
    """When the first of the calls failed that none has succeeded after."""
    refused_after_s: float | None = None
    """How long the shortest of them took, if the last one failed far sooner than an answer would
    have come."""
    on_trial: bool = False
    """A probe was not refused, at `probed_until`: others follow; see `shortage`."""

    def standing(self, now: float) -> Standing:
        """Return whether it gets calls now."""
        if self.paused_until > now:
            return Standing.PAUSED
        if not self.ejected_until:
            return Standing.IN
        if self.on_trial:
            return Standing.IN
        if self.ejected_until > now or self.probed_until > now:
            return Standing.SLOW if self.is_slow else Standing.OUT
        return Standing.DUE


@dataclass(frozen=True, slots=True)
class HealthRules:
    """When an endpoint is ejected, and for how long."""

    failures: int
    """Failed calls, or checks, in a row."""
    ejection_s: float
    max_ejection_s: float
    check_every_s: float

    @classmethod
    def of(cls, chosen: BalancingSettings) -> "HealthRules":
        """Return those of the settings."""
        return cls(
            failures=chosen.failures,
            ejection_s=chosen.ejection_s,
            max_ejection_s=chosen.max_ejection_s,
            check_every_s=chosen.check_every_s,
        )

    def succeeded(self, health: Health, began: float) -> Health:
        """Return the health after a call that began then and was answered."""
        if health.ejected_until:
            if began < health.ejected_at:
                return health  # it says nothing about what came after it
            return Health(ejections=health.ejections, ejected_at=health.ejected_at)
        score = health.score / 2
        if score < FORGOTTEN:
            return health.model_copy(update={"score": 0.0, "failing_since": 0.0})
        return health.model_copy(update={"score": score})

    def failed(
        self,
        health: Health,
        began: float,
        now: float,
        reason: str,
        *,
        may_eject: bool,
        at_once: bool = False,
        refused_s: float | None = None,
        is_slow: bool = False,
    ) -> Health:
        """Return the health after a call that began then and failed.

        Args:
            health: before it.
            began: when the call began.
            now: when it failed.
            reason: for people.
            may_eject: another endpoint of the model gets calls: the last one is never ejected.
            at_once: this failure is enough.
            refused_s: it failed after so long, far sooner than an answer would have come; None:
                it did not.
            is_slow: it did not fail, others began far sooner.
        """
        if health.ejected_until:
            is_out = health.ejected_until > now and not health.probed_until
            is_known = is_out and (is_slow or not health.is_slow)
            if began < health.ejected_at or is_known:
                return health  # it is out for that already
            return self._ejected(health, began, now, reason, refused_s=refused_s, is_slow=is_slow)
        score = min(health.score + 1, float(self.failures))
        since = health.failing_since or now
        after = health.model_copy(update={"score": score, "failing_since": since})
        if at_once or (score >= self.failures and may_eject):
            return self._ejected(after, began, now, reason, refused_s=refused_s, is_slow=is_slow)
        return after

    def paused(self, health: Health, now: float, seconds: float) -> Health:
        """Return the health of an endpoint that asked not to be called for so long."""
        until = now + min(seconds, LONGEST_PAUSE_S)
        reason = f"it asked for a pause of {seconds:g} s"
        return health.model_copy(
            update={
                "paused_until": max(until, health.paused_until),
                "reason": health.reason if health.ejected_until else reason,
                "probed_until": 0.0,
            }
        )

    def probed(self, health: Health, now: float) -> Health:
        """Return the health while a call probes it."""
        return health.model_copy(update={"probed_until": now + PROBE_S, "on_trial": False})

    def settled(self, health: Health, began: float, now: float) -> Health:
        """Return the health after a probe that began then was not refused: others follow."""
        if not health.ejected_until or began < health.ejected_at:
            return health
        return health.model_copy(update={"probed_until": now, "on_trial": True})

    def unprobed(self, health: Health) -> Health:
        """Return the health after a probe that told nothing."""
        if health.on_trial:
            return health  # it was not refused: that told enough
        return health.model_copy(update={"probed_until": 0.0})

    def checked(
        self, health: Health, complaint: str | None, now: float, *, may_eject: bool
    ) -> Health:
        """Return the health after a check; `complaint` is what was wrong, None: nothing."""
        if complaint is None:
            update: dict[str, object] = {"failed_checks": 0}
            if health.by_check and health.ejected_until > now:
                update["ejected_until"] = now
            return health.model_copy(update=update)
        failed = min(health.failed_checks + 1, self.failures)
        after = health.model_copy(update={"failed_checks": failed})
        if failed < self.failures:
            return after
        if health.by_check and health.ejected_until:
            # No call need find out what the checks know.
            until = max(health.ejected_until, now + 2 * self.check_every_s)
            return after.model_copy(update={"ejected_until": until})
        if health.ejected_until or not may_eject:
            return after
        return self._ejected(after, now, now, f"{CHECK}: {complaint}", by_check=True)

    def _ejected(
        self,
        health: Health,
        began: float,
        now: float,
        reason: str,
        *,
        by_check: bool = False,
        refused_s: float | None = None,
        is_slow: bool = False,
    ) -> Health:
        ejections, until = health.ejections, health.ejected_until
        if until <= now:  # else it was probed before its time: that makes it no longer
            peace = PEACE * self.ejection_s + self._length(ejections)
            ejections = ejections if now - health.ejected_at < peace else 0
            until, ejections = now + self._length(ejections), ejections + 1
        was_back = health.on_trial and began >= health.probed_until
        if refused_s is not None and health.refused_after_s is not None:
            # Many at once are refused later than one: that is no longer wait for the next probe.
            refused_s = min(refused_s, health.refused_after_s)
        return Health(
            failed_checks=health.failed_checks,
            ejected_at=now,
            ejected_until=until,
            ejections=ejections,
            paused_until=health.paused_until,
            reason=reason,
            by_check=by_check,
            is_slow=is_slow,
            failing_since=now if was_back else health.failing_since or now,
            refused_after_s=refused_s,
        )

    def _length(self, ejections: int) -> float:
        # 2**30 times the first is more than any maximum.
        return min(self.ejection_s * 2.0 ** min(ejections, 30), self.max_ejection_s)
