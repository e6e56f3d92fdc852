"""What a gateway does without its neighbours, and at its end."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from neurocortex.embedded import ports, process
from tests.integration.conftest import MortalRedis
from tests.integration.gateway.conftest import STOP_S, Gateway, running, until

SOON_S = 6.0
"""It waits for nobody but those it serves."""


def echo(client: httpx.Client) -> httpx.Response:
    return client.post("/v1/requests", json={"operation": "echo", "text": "hi"})


def test_without_redis_requests_are_refused_and_served_again_when_it_is_back(
    gateway_database: str, mortal_redis: MortalRedis, prefect_server: str, tmp_path: Path
) -> None:
    with (
        running(tmp_path, gateway_database, mortal_redis.url, prefect_server) as gateway,
        gateway.client() as client,
    ):
        kept = {"operation": "counted", "text": "kept"}
        known = client.post("/v1/requests", json=kept)
        mortal_redis.kill()
        began = time.monotonic()
        refused = echo(client)
        assert refused.status_code == 503, refused.text
        assert refused.json()["code"] in {"admission_unavailable", "lane_unavailable"}
        assert int(refused.headers["Retry-After"]) >= 1
        assert time.monotonic() - began < 5
        # What is in memory needs no Redis.
        again = client.post("/v1/requests", json=kept)
        assert (again.status_code, again.content) == (200, known.content)
        ready = client.get("/readyz")
        assert (ready.status_code, set(ready.json()["away"])) == (503, {"redis", "lane"})
        assert client.get("/healthz").status_code == 200
        mortal_redis.start()
        until(lambda: echo(client).status_code == 200, gateway.log)
        until(lambda: client.get("/readyz").status_code == 200, gateway.log)


def test_without_prefect_short_requests_are_served_and_long_ones_are_accepted(
    gateway_database: str, redis_url: str, tmp_path: Path
) -> None:
    nobody = f"http://{ports.HOST}:{ports.free()}/api"
    with (
        running(tmp_path, gateway_database, redis_url, nobody) as gateway,
        gateway.client() as client,
    ):
        assert echo(client).json() == {"text": "hi"}
        accepted = client.post("/v1/requests", json={"operation": "flowing"})
        assert accepted.status_code == 202
        looked = client.get(accepted.headers["Location"]).json()
        assert (looked["state"], looked["lane"]) == ("accepted", "standard")
        assert set(client.get("/readyz").json()["away"]) == {"prefect"}
        answers_those_it_serves_at_its_end(gateway, client)


def test_without_postgres_nobody_new_is_let_in(
    gateway_database: str, redis_url: str, prefect_server: str, tmp_path: Path
) -> None:
    away = {"NEUROCORTEX_DATABASE_URL": gateway_database.rpartition("/")[0] + "/nowhere"}
    with (
        running(
            tmp_path, gateway_database, redis_url, prefect_server, away, with_lane=False
        ) as gateway,
        gateway.client() as client,
    ):
        refused = echo(client)
        assert (refused.status_code, refused.json()["code"]) == (503, "lake_unavailable")
        assert refused.headers["Retry-After"] == "1"
        assert set(client.get("/readyz").json()["away"]) == {"postgres", "lane"}


def answers_those_it_serves_at_its_end(gateway: Gateway, client: httpx.Client) -> None:
    with ThreadPoolExecutor(1) as threads:
        slow = {"operation": "slow", "text": "for 1"}
        going_on = threads.submit(client.post, "/v1/requests", json=slow)
        time.sleep(0.3)
        began = time.monotonic()
        gateway.child.send_signal(signal.SIGTERM)
        assert going_on.result().json() == {"text": "done"}
    assert gateway.child.wait(STOP_S) == 0, process.tail(gateway.log)
    assert time.monotonic() - began < SOON_S
    assert "Traceback" not in gateway.log.read_text()
