"""Experiments in PostgreSQL: the truth that Redis stands in front of, and what requests did."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    cast,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from neurocortex.errors import ExperimentNotFoundError, ExperimentRunningError
from neurocortex.experiments import outcomes
from neurocortex.experiments.figures import Figures, looked, nothing
from neurocortex.experiments.judging import judged
from neurocortex.experiments.outcomes import Taken
from neurocortex.experiments.plan import Experiment, State
from neurocortex.experiments.tables import experiments
from neurocortex.experiments.tables import outcomes as table
from neurocortex.lake.service_store import ServiceStore
from neurocortex.snapshots.front import Revised
from neurocortex.snapshots.revisions import next_revision

POOL_SIZE: Final = 2
STATEMENT_TIMEOUT_S: Final = 30.0

TURN: Final = 7_305_120_443
"""Advisory lock of its revisions."""

KEPT: Final = timedelta(days=1)
"""Requests of an experiment that has ended may be judged so long; then they are forgotten."""


class Snapshot(Revised):
    """The experiments that concern requests, at one moment."""

    experiments: tuple[Experiment, ...] = ()
    """Those that run."""
    applied: tuple[Experiment, ...] = ()
    """Those of which a variant is applied, in the order in which that was done."""


@dataclass(frozen=True, slots=True)
class Known:
    """An experiment with its figures."""

    experiment: Experiment
    figures: Figures


class ExperimentTable(ServiceStore):
    """Experiments in the database of the Lake. Its methods block."""

    def __init__(self, url: str) -> None:
        """Open the tables at a `postgresql://` address; it connects at first use."""
        super().__init__(url, pool_size=POOL_SIZE, statement_timeout_s=STATEMENT_TIMEOUT_S)

    def begin(self, experiment: Experiment) -> None:
        """Record a new experiment, and forget the requests of old ones.

        Raises:
            ExperimentRunningError: another one is made with the same operation.
        """
        try:
            with self.transaction() as connection:
                values = _values(connection, experiment)
                figures = _json(nothing(experiment.spec))
                connection.execute(insert(experiments).values(**values, figures=figures))
                _forget(connection)
        except IntegrityError as error:
            spec = experiment.spec
            running = [each.spec for each in self.snapshot().experiments]
            other = next((each.name for each in running if each.operation == spec.operation), "")
            raise ExperimentRunningError(spec.name, spec.operation, other) from error

    def end(self, ended: Experiment) -> bool:
        """Record the end of an experiment; tell whether nobody else has done that before."""
        with self.transaction() as connection:
            changed = connection.execute(
                update(experiments)
                .where(experiments.c.id == ended.id, _RUNS)
                .values(**_values(connection, ended))
            )
            return bool(changed.rowcount)

    def snapshot(self) -> Snapshot:
        """Return the experiments that run, and those of which a variant is applied."""
        with self.transaction() as connection:
            revision = connection.scalar(select(func.max(experiments.c.revision))) or 0
            found = connection.execute(
                select(experiments.c.experiment)
                .where(or_(_RUNS, _IS_APPLIED))
                .order_by(experiments.c.revision)
            ).scalars()
            known = [Experiment.model_validate(each) for each in found]
        return Snapshot(
            revision=revision,
            experiments=tuple(each for each in known if each.is_running),
            applied=tuple(each for each in known if each.applied is not None),
        )

    def change(self, id_: UUID, variant: str | None, by: str) -> Experiment:
        """Record that somebody applied a variant of an experiment that has ended, or none."""
        with self.transaction() as connection:
            found = connection.execute(
                select(experiments.c.experiment).where(experiments.c.id == id_).with_for_update()
            ).scalar_one()
            changed = Experiment.model_validate(found).changed(variant, datetime.now(UTC), by)
            connection.execute(
                update(experiments)
                .where(experiments.c.id == id_)
                .values(**_values(connection, changed))
            )
        return changed

    def every(self) -> Sequence[Experiment]:
        """Return all experiments, those that were changed last first."""
        with self.transaction() as connection:
            found = connection.execute(
                select(experiments.c.experiment).order_by(experiments.c.revision.desc())
            ).scalars()
            return [Experiment.model_validate(each) for each in found]

    def known(self, name: str) -> Known:
        """Return the last experiment of a name.

        Raises:
            ExperimentNotFoundError: there is none.
        """
        with self.transaction() as connection:
            found = connection.execute(
                select(experiments.c.experiment, experiments.c.figures)
                .where(experiments.c.name == name)
                .order_by(_time("started_at").desc())
                .limit(1)
            ).one_or_none()
        if found is None:
            names = sorted({each.spec.name for each in self.every()})
            raise ExperimentNotFoundError(name, names)
        return Known(
            Experiment.model_validate(found.experiment), Figures.model_validate(found.figures)
        )

    def take(self, taken: Sequence[Taken]) -> None:
        """Write down requests that took part; one that is there already stays as it is."""
        with self.transaction() as connection:
            outcomes.keep(connection, taken)

    def score(self, request: UUID, tenant: str, score: float) -> bool | None:
        """Take down how good an answer was.

        Returns:
            Whether it counts: the first score does. None: the tenant's request took no part.
        """
        with self.transaction() as connection:
            return outcomes.score(connection, request, tenant, score)

    def prefer(self, request: UUID, tenant: str, used: Collection[int]) -> bool | None:
        """Take down which passages of an interleaved answer helped: their numbers, from 1.

        Returns:
            Whether it counts: the first time does. None: the tenant has no such answer.

        Raises:
            InvalidRequestError: it had fewer passages.
        """
        with self.transaction() as connection:
            return outcomes.prefer(connection, request, tenant, used)

    def judge(self, id_: UUID) -> Experiment | None:
        """Look at an experiment with what came of its requests since the last look.

        Returns:
            It, if it ended or lost a variant by that. None: it goes on as it is, it has ended, or
            another process looks at it.
        """
        with self.transaction() as connection:
            found = connection.execute(
                select(experiments.c.experiment, experiments.c.figures)
                .where(experiments.c.id == id_, _RUNS)
                .with_for_update(skip_locked=True)
            ).one_or_none()
            if found is None:
                return None
            before = Experiment.model_validate(found.experiment)
            outcomes.settle(connection, id_)
            figures = looked(
                Figures.model_validate(found.figures),
                before.spec,
                outcomes.ended(connection, id_),
                outcomes.scored(connection, id_),
            )
            after = judged(before, figures, datetime.now(UTC))
            changed = {} if after == before else _values(connection, after)
            connection.execute(
                update(experiments)
                .where(experiments.c.id == id_)
                .values(**changed, figures=_json(figures))
            )
        return None if after == before else after


def _time(name: str) -> ColumnElement[datetime]:
    return cast(experiments.c.experiment[name].astext, DateTime(timezone=True))


_RUNS: Final = experiments.c.state == State.RUNNING.value
_IS_APPLIED: Final = experiments.c.experiment["changes"][-1]["variant"].astext.is_not(None)


def _values(connection: Connection, experiment: Experiment) -> Mapping[str, object]:
    """Return the columns of an experiment, with the next revision: it is the last committed."""
    return {
        "id": experiment.id,
        "name": experiment.spec.name,
        "operation": experiment.spec.operation,
        "state": experiment.state.value,
        "revision": next_revision(connection, experiments.c.revision, TURN),
        "experiment": _json(experiment),
    }


def _json(value: BaseModel) -> object:
    return value.model_dump(mode="json")


def _forget(connection: Connection) -> None:
    """Forget the requests of experiments that ended long ago, and of those that are gone."""
    needed = select(experiments.c.id).where(or_(_RUNS, _time("ended_at") > func.now() - KEPT))
    connection.execute(delete(table).where(table.c.experiment_id.not_in(needed)))
