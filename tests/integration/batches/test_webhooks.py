"""Programs are told of the end of a batch."""

from collections.abc import Iterator

import httpx
import psycopg
import pytest

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
    sent = send(client, BODY, webhook=told.url)
    client.delete(f"/v1/batches/{sent['id']}")
    said = [told.came.get(timeout=PATIENCE_S)[1]["type"] for _ in range(ATTEMPTS)]
    assert said == ["batch.cancelled"] * ATTEMPTS
    until(lambda: _failure(platform, sent["id"]) == (None, "status 503"), "it is given up")


def test_webhooks_go_nowhere_else(told: Receiver, client: httpx.Client) -> None:
    for url in ("http://127.0.0.1:1/", f"{told.url}@evil.example.org/", "file:///etc/passwd"):
        answer = client.post("/v1/batches", params={"webhook": url}, content=BODY)
        assert (answer.status_code, answer.json()["code"]) == (400, "webhook_refused")


def _failure(platform: Platform, batch: str) -> object:
    with psycopg.connect(platform.environment["NEUROCORTEX_DATABASE_URL"]) as connection:
        return connection.execute(
            "SELECT next_at, failure FROM work.webhooks WHERE batch_id = %s", (batch,)
        ).fetchone()
