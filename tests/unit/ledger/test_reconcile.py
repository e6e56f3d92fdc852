"""What happens to a run that the ledger, Prefect and the workers disagree about."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import Resources
from neurocortex.ledger.reconcile import Action, Kind, View, dead, own, strays
from neurocortex.ledger.values import Lease

GRACE_S = 30.0
NOW = 1000.0
RUN = UUID(int=1)
LEASE = Lease(
    work=RUN,
    worker="me",
    tier=Tier.LOW,
    tenant="default",
    deployment=None,
    needs=Resources(),
    cost=1.0,
    charges=(),
    grant=UUID(int=2),
    token=7,
    granted=NOW - 100,
    expires=NOW + 10,
)
RUNNING = View(Kind.RUNNING, restartable=True)

AFTERWARDS = [
    (View(Kind.RUNNING, restartable=True), Action.RESTART),
    (View(Kind.STARTING, restartable=True), Action.RESTART),
    (View(Kind.RUNNING, restartable=False), Action.CRASH),
    (View(Kind.STARTING, restartable=False), Action.CRASH),
    (View(Kind.CANCELLING, restartable=True), Action.CANCEL),
    (View(Kind.WAITING, restartable=True), Action.RELEASE),
    (View(Kind.ENDED, restartable=True), Action.RELEASE),
    (None, Action.RELEASE),
]


def views(view: View | None) -> dict[UUID, View]:
    return {} if view is None else {RUN: view}


def test_agreement_needs_nothing() -> None:
    assert own("me", [LEASE], [LEASE], {}, NOW, GRACE_S) == ()


def test_a_lease_that_the_ledger_lost_is_restored() -> None:
    (step,) = own("me", [], [LEASE], {}, NOW, GRACE_S)
    assert (step.action, step.lease) == (Action.RESTORE, LEASE)


def test_a_run_that_another_worker_holds_is_stopped_here() -> None:
    theirs = replace(LEASE, worker="another", token=8)
    (step,) = own("me", [theirs], [LEASE], {}, NOW, GRACE_S)
    assert (step.action, step.lease) == (Action.STOP, LEASE)


def test_leases_of_others_are_none_of_its_business() -> None:
    theirs = replace(LEASE, worker="another")
    assert own("me", [theirs], [], {RUN: RUNNING}, NOW, GRACE_S) == ()


def test_a_young_lease_may_be_on_its_way() -> None:
    young = replace(LEASE, granted=NOW - 1)
    assert own("me", [young], [], {RUN: RUNNING}, NOW, GRACE_S) == ()


@pytest.mark.parametrize(("view", "action"), AFTERWARDS)
def test_a_lease_without_a_process_ends_by_what_prefect_says(
    view: View | None, action: Action
) -> None:
    (step,) = own("me", [LEASE], [], views(view), NOW, GRACE_S)
    assert (step.action, step.lease) == (action, LEASE)


@pytest.mark.parametrize(("view", "action"), AFTERWARDS)
def test_a_dead_workers_lease_ends_by_what_prefect_says(view: View | None, action: Action) -> None:
    (step,) = dead([LEASE], views(view))
    assert (step.action, step.lease) == (action, LEASE)
    assert "me died" in step.reason


def test_a_run_that_nobody_holds_is_found_after_the_grace_time() -> None:
    first = strays({RUN: RUNNING}, [], [], {}, NOW, GRACE_S)
    assert first.steps == ()
    early = strays({RUN: RUNNING}, [], [], first.seen, NOW + GRACE_S, GRACE_S)
    assert early.steps == ()
    (step,) = strays({RUN: RUNNING}, [], [], early.seen, NOW + GRACE_S + 1, GRACE_S).steps
    assert (step.action, step.lease) == (Action.RESTART, None)


def test_a_run_that_somebody_held_meanwhile_waits_anew() -> None:
    seen = {RUN: NOW - 100, uuid4(): NOW - 100}
    held = strays({RUN: RUNNING}, [LEASE], [], seen, NOW, GRACE_S)
    assert (held.steps, held.seen) == ((), {})


@pytest.mark.parametrize("kind", [Kind.WAITING, Kind.ENDED])
def test_a_run_that_is_not_under_way_is_no_stray(kind: Kind) -> None:
    view = View(kind, restartable=True)
    assert strays({RUN: view}, [], [], {RUN: 0.0}, NOW, GRACE_S).steps == ()
