import json
from collections.abc import Iterator

import pytest

from neurocortex import errors
from neurocortex.errors import (
    CollectionNotFoundError,
    InvalidRequestError,
    LakeUnavailableError,
    NeuroCortexError,
    ProviderBusyError,
    QueueFullError,
    RateLimitedError,
    RemoteError,
    UnauthenticatedError,
)
from neurocortex.gateway.problems import problem_of
from neurocortex.gateway.statuses import code_of, status_of, status_of_code
from neurocortex.realtime import failures


def every(kind: type[NeuroCortexError]) -> Iterator[type[NeuroCortexError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from every(each)


def test_every_error_has_a_status_and_a_code() -> None:
    for kind in every(errors.NeuroCortexError):
        assert 400 <= status_of(kind) < 600
        assert code_of(kind).replace("_", "").isalnum()


@pytest.mark.parametrize(
    "error",
    [
        CollectionNotFoundError("papers", ()),
        LakeUnavailableError("PostgreSQL", "gone"),
        QueueFullError("high", 1000, 2.5),
        RateLimitedError("tenant acme", 500, 0.2),
    ],
)
def test_the_lane_and_the_gateway_name_an_error_alike(error: NeuroCortexError) -> None:
    assert code_of(type(error)) == failures.code_of(error)
    assert status_of_code(code_of(type(error))) == status_of(type(error))


def test_an_error_of_the_lane_has_the_status_of_its_code() -> None:
    problem = problem_of(RemoteError("collection_not_found", "no papers"))
    assert (problem.status, problem.code) == (404, "collection_not_found")
    assert problem_of(RemoteError("of_a_pipeline", "odd")).status == 500


def test_a_document_says_what_is_wrong_and_when_to_come_again() -> None:
    problem = problem_of(QueueFullError("high", 1000, 2.2))
    document = json.loads(problem.json())
    assert document["type"] == "urn:neurocortex:problem:queue_full"
    assert (document["status"], document["limit"], document["retry_after_s"]) == (429, 1000, 2.2)
    assert problem.response().headers["Retry-After"] == "3"
    assert problem.response().media_type == "application/problem+json"


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(ProviderBusyError("m", 10.0, 41.3), id="of-this-process"),
        pytest.param(RemoteError("provider_busy", "full", 41.3), id="of-the-lane"),
    ],
)
def test_a_provider_says_itself_when_to_come_again(error: NeuroCortexError) -> None:
    problem = problem_of(error)
    assert (problem.status, problem.document()["retry_after_s"]) == (503, 41.3)
    assert problem.headers()["Retry-After"] == "42"


def test_a_neighbour_that_says_nothing_is_tried_again_in_a_second() -> None:
    assert problem_of(LakeUnavailableError("PostgreSQL", "gone")).headers()["Retry-After"] == "1"
    assert "Retry-After" not in problem_of(RemoteError("internal", "odd")).headers()


def test_each_place_of_an_invalid_request_is_named() -> None:
    document = problem_of(InvalidRequestError([("text", "too long")])).document()
    assert document["problems"] == [{"place": "text", "reason": "too long"}]


def test_who_proves_nothing_is_told_how_to() -> None:
    problem = problem_of(UnauthenticatedError("The API key is expired."))
    assert problem.headers()["WWW-Authenticate"].startswith('Bearer realm="neurocortex"')


def test_of_an_error_that_is_not_ours_nothing_is_told() -> None:
    problem = problem_of(ZeroDivisionError("secret"))
    assert problem.status == 500
    assert "secret" not in problem.detail
