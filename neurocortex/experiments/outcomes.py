"""What came of the requests of experiments, as rows: written, judged, and counted once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, Float, case, func, select, update
from sqlalchemy.dialects.postgresql import insert

from neurocortex.errors import InvalidRequestError
from neurocortex.experiments.figures import Outcome, Scored
from neurocortex.experiments.interleaving import Team, preference
from neurocortex.experiments.tables import outcomes
from neurocortex.tracking.record import State as RequestState
from neurocortex.tracking.tables import requests


@dataclass(frozen=True, slots=True)
class Taken:
    """A request that took part."""

    id: UUID
    """Of the request."""
    experiment: UUID
    variant: str
    tenant: str
    made_at: datetime
    failed: bool | None
    """None: it has not ended; its record will tell."""
    seconds: float | None = None
    cost: float | None = None
    teams: Sequence[Team] | None = None
    """Which ranking picked each passage of the answer; None: it was not interleaved."""


def keep(connection: Connection, taken: Sequence[Taken]) -> None:
    """Write down requests that took part; one that is there already stays as it is."""
    rows = [
        {
            "id": each.id,
            "experiment_id": each.experiment,
            "variant": each.variant,
            "tenant": each.tenant,
            "made_at": each.made_at,
            "failed": each.failed,
            "seconds": each.seconds,
            "cost": each.cost,
            "teams": None if each.teams is None else list(each.teams),
        }
        for each in taken
    ]
    connection.execute(insert(outcomes).on_conflict_do_nothing(), rows)


def score(connection: Connection, request: UUID, tenant: str, value: float) -> bool | None:
    """Take down how good an answer was; returns as `ExperimentTable.score`."""
    own = (outcomes.c.id == request, outcomes.c.tenant == tenant)
    changed = connection.execute(
        update(outcomes)
        .where(*own, outcomes.c.score.is_(None), outcomes.c.teams.is_(None))
        .values(score=value)
    )
    if changed.rowcount:
        return True
    found = connection.execute(select(outcomes.c.id).where(*own)).one_or_none()
    return None if found is None else False


def prefer(
    connection: Connection, request: UUID, tenant: str, used: Collection[int]
) -> bool | None:
    """Take down which passages of an answer helped; returns as `ExperimentTable.prefer`.

    Raises:
        InvalidRequestError: it had fewer.
    """
    own = (outcomes.c.id == request, outcomes.c.tenant == tenant)
    known = connection.execute(select(outcomes.c.teams).where(*own)).scalar_one_or_none()
    if known is None:
        return None
    if max(used, default=0) > len(known):
        raise InvalidRequestError([("used", f"the answer had {len(known)} passages.")])
    changed = connection.execute(
        update(outcomes)
        .where(*own, outcomes.c.score.is_(None))
        .values(score=preference([Team(each) for each in known], used))
    )
    return bool(changed.rowcount)


def settle(connection: Connection, experiment: UUID) -> None:
    """Take from their records what came of requests that were accepted and have ended."""
    end = requests.c.record["ended"].astext.cast(Float)
    begun = requests.c.record["created"].astext.cast(Float)
    connection.execute(
        update(outcomes)
        .where(
            outcomes.c.experiment_id == experiment,
            outcomes.c.failed.is_(None),
            requests.c.id == outcomes.c.id,
            requests.c.state.in_([RequestState.COMPLETED.value, RequestState.FAILED.value]),
        )
        .values(
            failed=case((requests.c.state == RequestState.FAILED.value, True), else_=False),
            seconds=end - begun,
            # A record without usage is of one that asked no LLM.
            cost=func.coalesce(requests.c.record["usage"]["cost"].astext.cast(Float), 0.0),
        )
    )


def ended(connection: Connection, experiment: UUID) -> Sequence[Outcome]:
    """Return the requests that ended since the last look, as they came; they count from now on."""
    found = connection.execute(
        update(outcomes)
        .where(
            outcomes.c.experiment_id == experiment,
            ~outcomes.c.is_counted,
            outcomes.c.failed.is_not(None),
        )
        .values(is_counted=True)
        .returning(outcomes)
    ).all()
    return [
        Outcome(each.variant, each.tenant, each.failed, each.seconds, each.cost)
        for each in sorted(found, key=lambda row: (row.made_at, row.id))
    ]


def scored(connection: Connection, experiment: UUID) -> Sequence[Scored]:
    """Return the answers that were judged since the last look; they count from now on."""
    found = connection.execute(
        update(outcomes)
        .where(
            outcomes.c.experiment_id == experiment,
            ~outcomes.c.is_score_counted,
            outcomes.c.score.is_not(None),
        )
        .values(is_score_counted=True)
        .returning(outcomes)
    ).all()
    return [
        Scored(each.variant, each.tenant, each.score)
        for each in sorted(found, key=lambda row: (row.made_at, row.id))
    ]
