"""What must happen where the ledger, Prefect and the workers disagree about a run.

Pure rules: facts in, steps out. Three questions, asked in this order by every worker:

1. `own`: what this worker runs, against the leases in its name.
2. `dead`: leases of dead workers that `Ledger.expired` handed to this one.
3. `strays`: runs that Prefect believes to be under way and that nobody holds, as after the loss
   of Redis and of a worker together. Asked by the worker that leads.

The ledger has the last word on who may run something: a `RESTORE` that it refuses means that the
run has to be stopped. A step may come again after a crash in the middle: each is safe to repeat.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from neurocortex.ledger.values import Lease


class Kind(StrEnum):
    """What Prefect says of a run, as far as it matters here."""

    WAITING = "waiting"
    """Scheduled, for its first try or a later one; or suspended. Nobody has to run it now."""
    STARTING = "starting"
    """Pending."""
    RUNNING = "running"
    CANCELLING = "cancelling"
    ENDED = "ended"
    """Completed, failed, cancelled or crashed."""


UNDER_WAY: Final = frozenset({Kind.STARTING, Kind.RUNNING, Kind.CANCELLING})
"""Kinds that need somebody who runs it."""


@dataclass(frozen=True, slots=True)
class View:
    """Prefect's view of one run."""

    kind: Kind
    restartable: bool
    """Its deployment allows another start after a crash."""


class Action(StrEnum):
    """What has to be done about a run. Whoever does it ends the step's lease afterwards: one of
    its own by `release`, a handed-over one by `settle`."""

    RELEASE = "release"
    """Nothing but ending the lease."""
    RESTORE = "restore"
    """Enter the lease again; where that is refused, stop the run."""
    STOP = "stop"
    """End the process and say nothing to Prefect: the run is another worker's."""
    RESTART = "restart"
    """Schedule it again."""
    CRASH = "crash"
    """Mark it Crashed, with the step's reason."""
    CANCEL = "cancel"
    """Mark it Cancelled: it was being cancelled, and nobody is left to do so."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do."""

    action: Action
    run: UUID
    reason: str
    """For the run's state message and the log."""
    lease: Lease | None = None
    """The one it is about, if any."""


@dataclass(frozen=True, slots=True)
class Strays:
    """What came of looking for runs that nobody holds."""

    steps: tuple[Step, ...]
    seen: Mapping[UUID, float]
    """When each such run was first seen, in seconds of the caller's clock: for the next look."""


def own(
    worker: str,
    leases: Collection[Lease],
    held: Collection[Lease],
    views: Mapping[UUID, View],
    now: float,
    grace_s: float,
) -> tuple[Step, ...]:
    """Compare what a worker runs with the ledger.

    Args:
        worker: its name.
        leases: every lease in force.
        held: a lease for each run whose process lives here.
        views: of runs leased to it that it does not run; one that is missing was deleted.
        now: the time, in seconds since the epoch.
        grace_s: so old a lease is before "not running here" counts: it may be on its way.
    """
    by_run = {lease.work: lease for lease in leases}
    running = {lease.work for lease in held}
    steps = []
    for lease in held:
        current = by_run.get(lease.work)
        if current is None:
            steps.append(
                Step(Action.RESTORE, lease.work, "The ledger lost its lease, it runs on.", lease)
            )
        elif current.worker != worker:
            reason = f"Worker {current.worker} runs it now."
            steps.append(Step(Action.STOP, lease.work, reason, lease))
    for lease in leases:
        forgotten = lease.worker == worker and lease.work not in running
        if forgotten and now - lease.granted > grace_s:
            reason = f"Worker {worker} holds a slot for it and has no process that runs it."
            steps.append(_ownerless(lease.work, views.get(lease.work), reason, lease))
    return tuple(steps)


def dead(orphans: Collection[Lease], views: Mapping[UUID, View]) -> tuple[Step, ...]:
    """Say what to do about leases of dead workers; a run without a view was deleted."""
    return tuple(
        _ownerless(
            lease.work,
            views.get(lease.work),
            f"Worker {lease.worker} died: it gave no sign of life.",
            lease,
        )
        for lease in orphans
    )


def strays(
    views: Mapping[UUID, View],
    leases: Collection[Lease],
    held: Collection[Lease],
    seen: Mapping[UUID, float],
    now: float,
    grace_s: float,
) -> Strays:
    """Find runs that Prefect believes to be under way and that nobody holds.

    Args:
        views: of all runs that are not waiting and have not ended, of the workers' pools.
        leases: every lease in force.
        held: what this worker runs.
        seen: of the last look.
        now: the time, by the clock that `seen` was written with.
        grace_s: so long nobody has to have held it. More than a worker's lease lasts: after the
            loss of Redis each worker enters its leases again within that.
    """
    known = {lease.work for lease in (*leases, *held)}
    ownerless = [run for run, view in views.items() if view.kind in UNDER_WAY and run not in known]
    still = {run: seen.get(run, now) for run in ownerless}
    reason = "No worker runs it: the one that did is gone."
    steps = [
        _ownerless(run, views[run], reason, None)
        for run, since in still.items()
        if now - since > grace_s
    ]
    return Strays(tuple(steps), still)


def _ownerless(run: UUID, view: View | None, reason: str, lease: Lease | None) -> Step:
    if view is None or view.kind not in UNDER_WAY:
        action = Action.RELEASE
    elif view.kind is Kind.CANCELLING:
        action = Action.CANCEL
    elif view.restartable:
        action = Action.RESTART
    else:
        action = Action.CRASH
    return Step(action, run, reason, lease)
