"""What Prefect keeps of runs about a person goes, and all other runs stay."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from neurocortex.embedded.postgres import PREFECT_DATABASE, PostgresServer
from neurocortex.erasure import runs
from neurocortex.erasure.subject import Subject
from neurocortex.privacy.keys import generate

RING = generate(datetime(2026, 1, 2, tzinfo=UTC))
PERSON = "Zoë Quîxote"
KEY = "erasure-report"


@pytest.fixture
def api(prefect_server: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=prefect_server, timeout=30, trust_env=False) as client:
        yield client


def made(api: httpx.Client, path: str, **body: object) -> dict[str, Any]:
    answer = api.post(path, json=body)
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_runs_logs_and_artifacts_go(api: httpx.Client, postgres_server: PostgresServer) -> None:
    flow = made(api, "/flows/", name="ask-about-people")["id"]

    def run(question: str, state: str) -> str:
        body = {"parameters": {"question": question}, "state": {"type": state, "name": state}}
        return str(made(api, "/flow_runs/", flow_id=flow, **body)["id"])

    about, other = run(f"who is {PERSON}?", "COMPLETED"), run("who is who?", "COMPLETED")
    going_on = run(f"and {PERSON.upper()}?", "RUNNING")
    for each, said in ((other, "nothing"), (other, f"asked about {PERSON}"), (about, "the rest")):
        stamp = datetime.now(UTC).isoformat()
        line = {"name": "x", "level": 20, "message": said, "timestamp": stamp, "flow_run_id": each}
        assert api.post("/logs/", json=[line]).is_success
    for said in ("the one before", f'[{{"name": "Zo\\u00eb {PERSON.split()[1]}"}}]'):
        made(api, "/artifacts/", key=KEY, type="table", data=said, flow_run_id=other)

    url = postgres_server.url(PREFECT_DATABASE)
    person = Subject(PERSON, lambda: RING, ())
    found = runs.find(url, person)
    assert (found.erased["flow_run"], found.erased["artifact"], found.erased["log"]) == (2, 1, 1)
    told = runs.erase(url, person)
    assert (told.erased["flow_run"], told.erased["artifact"], told.erased["log"]) == (1, 1, 1)
    assert told.left["flow_run"] == 1

    assert api.get(f"/flow_runs/{about}").status_code == 404
    assert api.get(f"/flow_runs/{other}").is_success
    assert api.get(f"/flow_runs/{going_on}").is_success, "it is needed until it has ended"
    logs = api.post("/logs/filter", json={"logs": {"flow_run_id": {"any_": [about, other]}}}).json()
    assert [each["message"] for each in logs] == ["nothing"]
    assert api.get(f"/artifacts/{KEY}/latest").json()["data"] == "the one before"

    ended = {"state": {"type": "COMPLETED", "name": "Completed"}, "force": True}
    made(api, f"/flow_runs/{going_on}/set_state", **ended)
    assert runs.erase(url, person).left == {}
    assert api.get(f"/flow_runs/{going_on}").status_code == 404
    assert runs.find(url, person).erased == {}
