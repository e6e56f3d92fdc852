"""Calls, answers and controls come back as they were sent; damaged bytes are a clear error."""

import contextlib
from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.domain.deployments import Tier
from neurocortex.domain.usage import Usage
from neurocortex.errors import WireError
from neurocortex.realtime import answers, call, control
from neurocortex.realtime.answers import Event, Failure, Part, Reply
from neurocortex.realtime.call import Call, Delivery
from neurocortex.realtime.control import Cancel, Caught, Control

CALLS = st.builds(
    Call,
    id=st.uuids(),
    operation=st.text(),
    body=st.binary(),
    tenant=st.text(),
    tier=st.sampled_from(Tier),
    deadline=st.none() | st.floats(allow_nan=False),
    stream=st.booleans(),
)


@given(CALLS, st.text(), st.floats(allow_nan=False), st.integers(1, 9))
def test_a_call_comes_back_with_an_end(sent: Call, client: str, until: float, attempt: int) -> None:
    received = call.decode(b"1-0", call.encode(sent, client, until), attempt)
    ends = until if sent.deadline is None else sent.deadline
    assert received == Delivery(replace(sent, deadline=ends), client, b"1-0", attempt)


USAGE = Usage(calls=2, prompt_tokens=10, completion_tokens=3, cost=0.5)


@pytest.mark.parametrize(
    "event",
    [
        Part("ü ", 1),
        Part("", 2, 3),
        Reply(b'{"text":"x"}'),
        Reply(b"{}", USAGE),
        Reply(b"{}", lasts=False),
        Failure("timeout", "too long"),
        Failure("provider_busy", "full", 12.5),
    ],
)
def test_an_answer_comes_back(event: Event) -> None:
    number = uuid4()
    assert answers.decode(answers.encode(number, event)) == (number.bytes, event)


@pytest.mark.parametrize("sent", [Cancel(b"x" * 16), Caught(b"x" * 16, 32)])
def test_a_control_comes_back(sent: Control) -> None:
    assert control.decode(control.encode(sent)) == sent


@given(st.binary())
def test_damaged_bytes_raise_nothing_else(content: bytes) -> None:
    with pytest.raises(WireError):
        call.decode(b"1-0", content)
    for decode in (answers.decode, control.decode):
        with contextlib.suppress(WireError):
            decode(content)
