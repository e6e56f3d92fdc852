"""Events are CloudEvents; what is none is refused with the place that is wrong."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from pydantic import JsonValue

from neurocortex.errors import EventHandlerError, InvalidEventError, UnknownEventTypeError
from neurocortex.stream.event import MAX_BYTES, Event, decode
from neurocortex.stream.handlers import Handlers, load


class _Nobody:
    async def submit(self, event: Event, request: Mapping[str, JsonValue]) -> JsonValue:
        raise AssertionError(event, request)


async def _handle(event: Event) -> None:
    """Do nothing."""


def test_an_event_survives_the_wire() -> None:
    event = Event(source="crm", type="customer.moved", subject="17", data={"to": ["Bern", 3012]})
    assert decode(event.encode()) == event


def test_an_event_of_another_program_is_read() -> None:
    body = b"""{"specversion": "1.0", "id": "A234", "source": "/mycontext", "type": "com.example",
        "time": "2018-04-05T17:31:00Z", "datacontenttype": "application/json", "data": {"a": 1}}"""
    event = decode(body)
    assert event.time == datetime(2018, 4, 5, 17, 31, tzinfo=UTC)
    assert event.data == {"a": 1}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"source": ""}, "source"),
        ({"type": 1}, "type"),
        ({"time": "2018-04-05T17:31:00"}, "time"),
        ({"specversion": "0.3"}, "specversion"),
        ({"datacontenttype": "text/xml"}, "datacontenttype"),
        ({"sorce": "crm"}, "sorce"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, object], place: str) -> None:
    body = json.dumps({"source": "crm", "type": "moved", **change}).encode()
    with pytest.raises(InvalidEventError, match=place):
        decode(body)


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"{"])
def test_what_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidEventError):
        decode(body)


def test_an_event_has_a_bound() -> None:
    with pytest.raises(InvalidEventError, match="keep the data elsewhere"):
        Event(source="crm", type="moved", data="x" * MAX_BYTES).encode()
    with pytest.raises(InvalidEventError, match="bytes"):
        decode(b" " * (MAX_BYTES + 1))


def test_an_unknown_type_is_an_error_that_names_the_known_ones() -> None:
    handlers = Handlers()
    handlers.register("moved", _handle)
    with pytest.raises(UnknownEventTypeError, match=r"'born' \(there are handlers for: moved\)"):
        handlers.of("born")
    assert handlers.of("moved") is _handle


def test_a_type_can_be_taken_away_and_given_again() -> None:
    handlers = Handlers()
    handlers.register("moved", _handle)
    with pytest.raises(EventHandlerError, match="unregister that first"):
        handlers.register("moved", _handle)
    handlers.unregister("moved")
    handlers.unregister("moved")
    assert handlers.types == frozenset()
    handlers.register("moved", _handle)


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ("there.is.none", "cannot be imported"),
        ("json", r"no function register\(handlers, requests\)"),
    ],
)
def test_a_module_without_handlers_is_named(module: str, reason: str) -> None:
    with pytest.raises(EventHandlerError, match=reason):
        load([module], Handlers(), _Nobody())
