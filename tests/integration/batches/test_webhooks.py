"""Programs are told of the end of a batch, or of a single request."""

import json
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from sqlalchemy import func, update

from neurocortex.dead_letters.store import DeadLetters
from neurocortex.webhooks.given_up import letter_id
from neurocortex.webhooks.store import WebhookTable
from neurocortex.webhooks.tables import webhooks
from tests.integration.batches.conftest import ATTEMPTS, PATIENCE_S, Platform, lines, send, until
from tests.integration.batches.receiver import Receiver

BODY = lines({"operation": "echo", "text": "x"})


@pytest.fixture
def told(platform: Platform) -> Iterator[Receiver]:
    receiver = platform.receiver
    receiver.statuses.clear()
    yield receiver
    assert receiver.came.empty(), "nothing more was sent"


def test_the_end_of_a_batch_is_told_until_somebody_listens(
    platform: Platform, told: Receiver, client: httpx.Client
) -> None:
    told.statuses += [500, 307]
    sent = send(client, BODY, webhook=f"{told.url}/ended?of=batch")
    assert told.came.empty()
    platform.run(sent["flow_run"])
    messages = [told.came.get(timeout=PATIENCE_S) for _ in range(3)]
    assert messages[0] == messages[1] == messages[2]
    number, said = messages[0]
    assert number == f"msg_{sent['id'].replace('-', '')}"
    assert said["type"] == "batch.completed"
    assert said["data"] == {
        "id": sent["id"],
        "state": "completed",
        "location": f"/v1/batches/{sent['id']}",
        "error": None,
    }


def test_a_webhook_that_nobody_takes_is_given_up(
    platform: Platform, told: Receiver, client: httpx.Client
) -> None:
    told.statuses += [503] * ATTEMPTS
    sent = send(client, BODY, webhook=f"{told.url}/hook?token=secret")
    client.delete(f"/v1/batches/{sent['id']}")
    said = [told.came.get(timeout=PATIENCE_S)[1]["type"] for _ in range(ATTEMPTS)]
    assert said == ["batch.cancelled"] * ATTEMPTS
    until(lambda: _failure(platform, sent["id"]) == (None, "status 503"), "it is given up")
    with DeadLetters(platform.environment["NEUROCORTEX_DATABASE_URL"]) as letters:
        letter = letters.get(letter_id(UUID(sent["id"])))
    assert (letter.flow, letter.name, letter.tenant) == ("webhook", "batch", "acme")
    assert (letter.message, letter.attempts) == ("status 503", ATTEMPTS)
    assert json.loads(letter.parameters) == {"request": sent["id"], "url": f"{told.url}/hook"}


def test_the_end_of_a_single_request_is_told(told: Receiver, client: httpx.Client) -> None:
    asked = {"operation": "echo", "webhook": told.url, "deadline_s": 0.2}  # no lane is there
    accepted = client.post("/v1/requests", json=asked)
    assert accepted.status_code == 202, accepted.text
    number, location = accepted.json()["id"], accepted.headers["Location"]
    message, said = told.came.get(timeout=PATIENCE_S)
    assert message == f"msg_{number.replace('-', '')}"
    assert said["type"] == "echo.failed"
    assert said["data"]["location"] == location == f"/v1/requests/{number}"
    assert said["data"]["error"]["code"] == "deadline_passed"
    assert client.get(location).json()["state"] == "failed"


def test_a_request_that_is_sent_again_is_told_once(told: Receiver, client: httpx.Client) -> None:
    asked = {"operation": "flowing", "webhook": told.url}
    key = {"Idempotency-Key": uuid4().hex}
    answers = [client.post("/v1/requests", json=asked, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    (number,) = {answer.json()["id"] for answer in answers}
    _, said = told.came.get(timeout=PATIENCE_S)
    assert (said["type"], said["data"]["id"]) == ("flowing.failed", number), "it has no deployment"


def test_what_nobody_remembers_is_not_told(platform: Platform) -> None:
    url = platform.environment["NEUROCORTEX_DATABASE_URL"]
    old, young = uuid4(), uuid4()
    with WebhookTable(url) as table:
        for number in (old, young):
            table.add(number, "http://127.0.0.1:1/")
        with table.engine.begin() as connection:
            connection.execute(
                update(webhooks)
                .where(webhooks.c.request_id == old)
                .values(created_at=func.now() - timedelta(hours=2))
            )
        table.prune()
    assert _failure(platform, str(old)) is None
    assert _failure(platform, str(young)) is not None, "its record may be on its way"


def test_webhooks_go_nowhere_else(told: Receiver, client: httpx.Client) -> None:
    for url in ("http://127.0.0.1:1/", f"{told.url}@evil.example.org/", "file:///etc/passwd"):
        answer = client.post("/v1/batches", params={"webhook": url}, content=BODY)
        assert (answer.status_code, answer.json()["code"]) == (400, "webhook_refused")
        asked = {"operation": "echo", "webhook": url}
        answer = client.post("/v1/requests", json=asked)
        assert (answer.status_code, answer.json()["code"]) == (400, "webhook_refused")


def _failure(platform: Platform, batch: str) -> object:
    with psycopg.connect(platform.environment["NEUROCORTEX_DATABASE_URL"]) as connection:
        return connection.execute(
            "SELECT next_at, failure FROM work.webhooks WHERE request_id = %s", (batch,)
        ).fetchone()
