"""A lease and an offer come back from Redis as they went in."""

import json
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import Charge, Resources
from neurocortex.ledger import encoding
from neurocortex.ledger.values import Lease, WorkerOffer

amounts = st.floats(0, 1e9)
resources = st.builds(Resources, amounts, amounts, amounts, amounts)
microseconds = st.integers(1, 2**52)
leases = st.builds(
    Lease,
    work=st.uuids(),
    worker=st.text(),
    tier=st.sampled_from(Tier),
    tenant=st.text(),
    deployment=st.none() | st.uuids(),
    needs=resources,
    cost=st.floats(1e-9, 1e9),
    charges=st.lists(st.builds(Charge, st.text(), amounts, amounts)).map(tuple),
    grant=st.uuids(),
    token=microseconds,
    granted=microseconds.map(lambda n: n / encoding.SECOND),
    expires=microseconds.map(lambda n: n / encoding.SECOND),
)


@given(leases)
def test_a_lease_comes_back(lease: Lease) -> None:
    granted, expires = (str(round(at * encoding.SECOND)) for at in (lease.granted, lease.expires))
    body = encoding.lease_body(lease)
    assert encoding.lease(str(lease.token), granted, expires, body) == lease


@given(st.builds(WorkerOffer, st.text(), st.integers(1, 1000), resources, st.floats(1, 3600)))
def test_an_offer_comes_back(offer: WorkerOffer) -> None:
    assert encoding.worker_offer(encoding.offer(offer)) == offer


def test_a_lease_counts_what_it_holds_in_whole_thousandths() -> None:
    lease = Lease(
        work=UUID(int=1),
        worker="w",
        tier=Tier.LOW,
        tenant="t",
        deployment=UUID(int=2),
        needs=Resources(cpu=0.1, memory_mb=512),
        cost=1.0,
        charges=(Charge("low", 0, 1),),
        grant=UUID(int=3),
        token=1,
        granted=0.0,
        expires=0.0,
    )
    assert json.loads(encoding.lease_body(lease))["counts"] == {
        "slots": 1,
        "tier:low": 1,
        "worker:w:slots": 1,
        "worker:w:cpu": 100,
        "worker:w:memory_mb": 512_000,
        "deployment:00000000-0000-0000-0000-000000000002": 1,
        "account:low": 1,
    }
