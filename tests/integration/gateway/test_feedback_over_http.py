"""`POST /v1/feedback`: taken down for the tenant who got the answer, refused with a reason else."""

import asyncio
from datetime import UTC, datetime
from random import Random
from uuid import UUID, uuid4

from redis.asyncio import Redis

from neurocortex.embedded.redis_server import RedisServer
from neurocortex.feedback.store import FeedbackTable
from neurocortex.feedback.values import Prediction
from neurocortex.selection.policy import Policy
from neurocortex.selection.selector import Selector
from neurocortex.selection.store import ChoiceStore
from neurocortex.selection.values import Asked, Candidate
from neurocortex.settings import SelectionSettings
from tests.integration.gateway.conftest import REDIS_DATABASE, Gateway

ADDRESS = "/v1/feedback"


def test_feedback_is_taken_for_the_own_tenants_predictions(
    gateway: Gateway, gateway_database: str
) -> None:
    made = Prediction(
        id=uuid4(),
        tenant="acme",
        forge="default",
        model="wine",
        version=3,
        rows=[{"ash": 2.4}],
        answers=["class_0"],
        made_at=datetime.now(UTC),
    )
    with FeedbackTable(gateway_database) as table:
        table.keep([made])
    said = {"request_id": str(made.id), "label": "class_1"}
    with gateway.client(gateway.reader) as client:
        answer = client.post(ADDRESS, json=said)
        assert answer.status_code == 201, answer.text
        assert answer.json() == {
            "request_id": str(made.id),
            "row": 0,
            "model": "wine",
            "version": 3,
            "score": 0.0,
        }
    with gateway.client(gateway.stranger) as client:
        answer = client.post(ADDRESS, json=said)
        assert (answer.status_code, answer.json()["code"]) == (404, "prediction_not_found")


def test_the_choice_of_an_llm_learns_from_the_score_of_its_answer(
    gateway: Gateway, redis_server: RedisServer
) -> None:
    number = uuid4()
    asyncio.run(chosen(redis_server.url(REDIS_DATABASE), number))
    said = {"request_id": str(number), "score": 0.25}
    with gateway.client(gateway.stranger) as client:
        assert client.post(ADDRESS, json=said).status_code == 404
    with gateway.client(gateway.reader) as client:
        for counted in (True, False):
            answer = client.post(ADDRESS, json=said)
            assert (answer.status_code, answer.json()) == (
                201,
                {"request_id": str(number), "counted": counted},
            )


async def chosen(redis_url: str, number: UUID) -> None:
    """Choose an LLM for a request of the tenant acme."""
    async with Redis.from_url(redis_url) as redis:
        store = ChoiceStore(redis, SelectionSettings())
        selector = Selector(store, Policy(), Random(1))
        asked = Asked("chat", prompt_tokens=10)
        await selector.choose([Candidate("a")], asked, id_=number, tenant="acme")


def test_feedback_that_says_nothing_is_refused(gateway: Gateway) -> None:
    with gateway.client() as client:
        for said in ({"request_id": str(uuid4())}, {"score": 1}, {"request_id": "7", "score": 1}):
            answer = client.post(ADDRESS, json=said)
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    with gateway.client("") as client:
        assert client.post(ADDRESS, json={}).status_code == 401
