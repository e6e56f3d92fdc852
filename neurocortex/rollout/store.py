"""Rollouts in PostgreSQL: the truth that Redis stands in front of."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    cast,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from neurocortex.errors import RolloutRunningError
from neurocortex.feedback.tables import feedback, predictions
from neurocortex.lake.service_store import ServiceStore
from neurocortex.rollout.counts import PER_OCTAVE, SMALLEST_MISS, ArmCounts, Counts
from neurocortex.rollout.judging import Judged, look
from neurocortex.rollout.plan import Arm, Rollout, State
from neurocortex.rollout.tables import rollouts
from neurocortex.rollout.verdicts import Verdict, verdict
from neurocortex.snapshots.front import Revised
from neurocortex.snapshots.revisions import next_revision

POOL_SIZE: Final = 2
STATEMENT_TIMEOUT_S: Final = 30.0

TURN: Final = 7_305_120_442
"""Advisory lock of its revisions."""

WRONG_BELOW: Final = 0.5
"""An answer whose score is lower counts as judged wrong."""


class Snapshot(Revised):
    """The last rollout of each model, at one moment."""

    rollouts: tuple[Rollout, ...] = ()

    def of(self, forge: str, model: str) -> Rollout | None:
        """Return a model's last rollout; None: it never had one."""
        return next(
            (each for each in self.rollouts if (each.forge, each.model) == (forge, model)), None
        )

    @property
    def running(self) -> tuple[Rollout, ...]:
        """Those that go on."""
        return tuple(each for each in self.rollouts if each.is_running)


class RolloutTable(ServiceStore):
    """Rollouts in the database of the Lake. Its methods block."""

    def __init__(self, url: str) -> None:
        """Open the table at a `postgresql://` address; it connects at first use."""
        super().__init__(url, pool_size=POOL_SIZE, statement_timeout_s=STATEMENT_TIMEOUT_S)

    def begin(self, rollout: Rollout) -> None:
        """Record a new rollout.

        Raises:
            RolloutRunningError: another one of the model runs.
        """
        try:
            with self.transaction() as connection:
                values = _values(connection, rollout)
                connection.execute(insert(rollouts).values(**values, judged=_json(Judged())))
        except IntegrityError as error:
            raise RolloutRunningError(rollout.model) from error

    def end(self, rollout: Rollout, state: State, reason: str) -> Rollout | None:
        """Record how a rollout ended; None: somebody else has done that already."""
        ended = rollout.ended(state, reason, datetime.now(UTC))
        with self.transaction() as connection:
            changed = connection.execute(
                update(rollouts)
                .where(rollouts.c.id == rollout.id, rollouts.c.state == State.RUNNING.value)
                .values(**_values(connection, ended))
            )
            return ended if changed.rowcount else None

    def snapshot(self) -> Snapshot:
        """Return the last rollout of each model."""
        newest = (
            select(rollouts.c.rollout, rollouts.c.revision)
            .distinct(rollouts.c.forge, rollouts.c.model)
            .order_by(rollouts.c.forge, rollouts.c.model, rollouts.c.revision.desc())
        )
        with self.transaction() as connection:
            found = connection.execute(newest).all()
        return Snapshot(
            revision=max((row.revision for row in found), default=0),
            rollouts=tuple(Rollout.model_validate(row.rollout) for row in found),
        )

    def judged(self, rollout: UUID) -> Judged:
        """Return what was known of a rollout at the last look."""
        with self.transaction() as connection:
            found = connection.execute(select(rollouts.c.judged).where(rollouts.c.id == rollout))
            return Judged.model_validate(found.scalar_one())

    def judge(self, rollout: Rollout, counts: Counts) -> Verdict | None:
        """Take a look at a rollout with the counts as they are now.

        None: it goes on, it has ended, or another process looks at it.
        """
        with self.transaction() as connection:
            found = connection.execute(
                select(rollouts.c.judged)
                .where(rollouts.c.id == rollout.id, rollouts.c.state == State.RUNNING.value)
                .with_for_update(skip_locked=True)
            ).one_or_none()
            if found is None:
                return None
            seen = _with_feedback(connection, counts, rollout)
            judged = look(Judged.model_validate(found.judged), seen, rollout.guard)
            connection.execute(
                update(rollouts).where(rollouts.c.id == rollout.id).values(judged=_json(judged))
            )
        return verdict(judged, rollout.guard)


def _values(connection: Connection, rollout: Rollout) -> Mapping[str, object]:
    """Return the columns of a rollout, with the next revision: it is the last to be committed."""
    return {
        "id": rollout.id,
        "forge": rollout.forge,
        "model": rollout.model,
        "state": rollout.state.value,
        "revision": next_revision(connection, rollouts.c.revision, TURN),
        "rollout": _json(rollout),
    }


def _json(value: BaseModel) -> object:
    return value.model_dump(mode="json")


def _with_feedback(connection: Connection, counts: Counts, rollout: Rollout) -> Counts:
    """Return counts with what people said of each version's answers since the start."""
    scores, misses = _scores(connection, rollout), _misses(connection, rollout)

    def known(arm: Arm, of: ArmCounts) -> ArmCounts:
        version = rollout.arm(arm).version
        scored, bad = scores.get(version, (0, 0))
        said = {"scored": scored, "bad": bad, "misses": misses.get(version, {})}
        return of.model_copy(update=said)

    stable, candidate = known(Arm.STABLE, counts.stable), known(Arm.CANDIDATE, counts.candidate)
    return counts.model_copy(update={"stable": stable, "candidate": candidate})


def _scores(connection: Connection, rollout: Rollout) -> Mapping[int, tuple[int, int]]:
    """Return how many answers of each version were judged, and how many wrong."""
    wrong = func.count(literal_column("1")).filter(feedback.c.score < WRONG_BELOW)
    found = connection.execute(
        select(feedback.c.version, func.count(feedback.c.score), wrong)
        .where(*_since(rollout), feedback.c.score.is_not(None))
        .group_by(feedback.c.version)
    )
    return {version: (scored, bad) for version, scored, bad in found}


def _misses(connection: Connection, rollout: Rollout) -> Mapping[int, Mapping[int, int]]:
    """Return how far the numbers of each version were from the right ones, by class."""
    predicted = cast(predictions.c.answers.op("->")(feedback.c.row), Float)
    distance = func.abs(predicted - cast(feedback.c.label, Float))
    octaves = func.ln(func.greatest(distance, SMALLEST_MISS) / SMALLEST_MISS) / func.ln(2.0)
    miss_class = func.floor(PER_OCTAVE * octaves).label("miss_class")
    found = connection.execute(
        select(feedback.c.version, miss_class, func.count())
        .join(predictions, predictions.c.id == feedback.c.prediction_id)
        .where(*_since(rollout), func.jsonb_typeof(feedback.c.label) == "number")
        .group_by(feedback.c.version, miss_class)
    )
    classes: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for version, each, count in found:
        classes[version][int(each)] = count
    return classes


def _since(rollout: Rollout) -> tuple[ColumnElement[bool], ...]:
    """Return what feedback has to be to count in a rollout."""
    return (
        feedback.c.forge == rollout.forge,
        feedback.c.model == rollout.model,
        feedback.c.made_at >= rollout.started_at,
    )
