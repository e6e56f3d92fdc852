"""What the worker and its zygote say to each other arrives as it was said."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prefect.client.schemas.objects import FlowRun

from neurocortex.worker.messages import (
    MAX_PACKET,
    Ended,
    Event,
    Ready,
    Start,
    Started,
    decode_event,
    decode_start,
    encode,
    pair,
)
from neurocortex.worker.starter import known

pids = st.integers(1, 2**22)
numbers = st.floats(0, 1e9)
starts = st.builds(
    Start,
    run=st.text(),
    module=st.text(),
    environment=st.dictionaries(st.text(), st.text()),
    folder=st.text(),
    cores=st.integers(0, 1024),
    quiet=st.booleans(),
    arguments=st.lists(st.text()).map(tuple),
)
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Ready, numbers, numbers),
    st.builds(Started, st.text(), pids),
    st.builds(Ended, st.text(), pids, st.integers(-64, 255), numbers, numbers),
)


@given(starts)
def test_an_order_comes_back(order: Start) -> None:
    assert decode_start(encode(order)) == order


@given(events)
def test_an_event_comes_back(event: Event) -> None:
    assert decode_event(encode(event)) == event


def test_packets_arrive_whole_and_in_order() -> None:
    one, other = pair()
    with one, other:
        for pid in range(3):
            one.send(encode(Started("run", pid)))
        received = [decode_event(other.recv(MAX_PACKET)) for _ in range(3)]
    assert received == [Started("run", pid) for pid in range(3)]


def test_a_large_environment_fits_into_a_packet() -> None:
    order = Start("run", "module", {"LARGE": "x" * 100_000}, "/", 1, quiet=False)
    one, other = pair()
    with one, other:
        one.send(encode(order))
        assert decode_start(other.recv(MAX_PACKET)) == order


def test_the_end_of_the_other_side_is_an_empty_packet() -> None:
    one, other = pair()
    one.close()
    with other:
        assert other.recv(MAX_PACKET) == b""


@pytest.mark.parametrize("letter", ["x", "ж", "語", "😀"])
def test_a_run_is_told_as_long_as_its_message_fits(letter: str) -> None:
    small = FlowRun(flow_id=uuid4(), parameters={"text": letter * 1000})
    assert FlowRun.model_validate_json(known(small)).parameters == small.parameters
    for length in (20_000, 60_000, 131_000, 500_000):
        text = known(FlowRun(flow_id=uuid4(), parameters={"text": letter * length}))
        order = Start("run", "module", {}, "/", 1, quiet=False, arguments=(text,))
        assert len(encode(order)) <= MAX_PACKET // 4
