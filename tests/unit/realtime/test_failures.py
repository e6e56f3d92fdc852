"""Codes are stable, foreign texts stay inside, and people look into the platform's own failures."""

from uuid import uuid4

import pytest

from neurocortex.domain.deployments import Tier
from neurocortex.errors import (
    CollectionNotFoundError,
    DeadlinePassedError,
    GivenUpError,
    InvalidRequestError,
    LakeUnavailableError,
    LaneTimeoutError,
    ProviderBusyError,
    ProviderMissingError,
    ProviderRefusedError,
    QuestionError,
)
from neurocortex.realtime.call import Call, Delivery
from neurocortex.realtime.failures import code_of, failure_of, is_for_good
from neurocortex.realtime.lost import letter_of


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidRequestError([("text", "missing")]), "invalid_request"),
        (CollectionNotFoundError("papers", ()), "collection_not_found"),
        (LakeUnavailableError("Lake", "gone"), "lake_unavailable"),
        (ProviderMissingError("default"), "provider_missing"),
        (LaneTimeoutError(30), "timeout"),
        (TimeoutError("hung"), "timeout"),
        (KeyError("x"), "internal"),
    ],
)
def test_each_error_has_a_code(error: Exception, code: str) -> None:
    assert code_of(error) == code
    assert failure_of(error, "echo").code == code


def test_when_to_come_again_is_told_where_it_is_known() -> None:
    assert failure_of(ProviderBusyError("m", 10.0, 42.5), "chat").retry_after_s == 42.5
    assert failure_of(LakeUnavailableError("Lake", "gone"), "search").retry_after_s is None


def test_the_text_of_a_foreign_error_stays_inside() -> None:
    told = failure_of(ValueError("password=hunter2"), "search")
    assert "hunter2" not in told.message
    assert "search" in told.message
    assert "ValueError" in told.message


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (QuestionError("empty"), False),
        (CollectionNotFoundError("papers", ()), False),
        (DeadlinePassedError(), False),
        (LakeUnavailableError("Lake", "gone"), True),
        (ProviderRefusedError("llm", "wrong key"), True),
        (LaneTimeoutError(30), True),
        (GivenUpError(3), True),
        (KeyError("x"), True),
    ],
)
def test_mistakes_of_who_asks_are_not_looked_into(error: Exception, expected: bool) -> None:
    assert is_for_good(error) is expected


def test_a_dead_letter_tells_what_was_asked_and_hides_secrets() -> None:
    body = b'{"operation": "echo", "text": "hello", "api_key": "sk-1234567890abcdef"}'
    call = Call(uuid4(), "echo", body, "acme", Tier.HIGH)
    letter = letter_of(Delivery(call, "gateway", b"1-0", 2), ValueError("sk-1234567890abcdef"))
    assert (letter.flow_run, letter.tenant, letter.tier) == (call.id, "acme", "high")
    assert (letter.flow, letter.name, letter.attempts) == ("serve-realtime", "echo", 2)
    assert letter.error_type == "ValueError"
    assert "hello" in letter.parameters
    assert "sk-1234567890abcdef" not in letter.parameters + letter.message
