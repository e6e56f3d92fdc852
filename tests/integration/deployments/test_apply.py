"""`python -m deployments`: what it makes on a Prefect server, and what it leaves alone."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolUpdate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
from prefect.client.schemas.objects import BlockDocument
from prefect.client.schemas.responses import DeploymentResponse
from prefect.settings import PREFECT_API_URL, temporary_settings
from psycopg import sql

from deployments import manifest
from neurocortex.domain.deployments import DEFAULT_BLOCK, INGEST, Tier, answer, etl
from neurocortex.embedded.postgres import PostgresServer
from neurocortex.embedded.prefect_server import client_environment
from neurocortex.errors import SettingsError
from neurocortex.lake.store import Lake

APPLY_TIMEOUT_S = 120.0
LIMITS = {Tier.CRITICAL: 64, Tier.HIGH: 64, Tier.MEDIUM: 3, Tier.LOW: 64}
"""The defaults, but for medium, which the tests set."""

MAINTAIN = "maintain-lake/maintain-lake"

PLACES = {
    INGEST: Tier.MEDIUM,
    answer(Tier.HIGH): Tier.HIGH,
    answer(Tier.CRITICAL): Tier.CRITICAL,
    etl("wine"): Tier.MEDIUM,
    etl("rides"): Tier.LOW,
    MAINTAIN: Tier.LOW,
}
BLOCK_TYPES = ("lake", "cache", "stream", "forge", "llm-provider")
PROVIDER = {
    "NEUROCORTEX_LLM__BASE_URL": "http://127.0.0.1:9/v1",
    "NEUROCORTEX_LLM__MODEL": "small",
    "NEUROCORTEX_LLM__API_KEY": "sk-very-secret",
}
RIDES = """
name: rides
description: Rides of a day.
tier: low
source: {kind: csv, path: rides.csv}
columns:
  - {name: ride, type: integer, key: true}
target: {table: rides, mode: replace}
"""


class Server:
    """The tests' Prefect server, and a folder to apply from."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.environment = environment

    def apply(self, **settings: str) -> str:
        """Apply everything; return what is printed."""
        done = subprocess.run(
            [sys.executable, "-m", "deployments"],
            cwd=self.folder,
            env={**self.environment, **settings},
            capture_output=True,
            text=True,
            check=False,
            timeout=APPLY_TIMEOUT_S,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def lake_url(postgres_server: PostgresServer) -> Iterator[str]:
    """An empty database, of which nothing is left afterwards."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgres_server.superuser_url(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield postgres_server.superuser_url(name)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="module")
def server(prefect_server: str, lake_url: str, tmp_path_factory: pytest.TempPathFactory) -> Server:
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "datasets").mkdir()
    (folder / "datasets" / "rides.yaml").write_text(RIDES)
    environment = {
        **client_environment(folder / "prefect", os.environ),
        "PREFECT_API_URL": prefect_server,
        "NEUROCORTEX_DATABASE_URL": lake_url,
        "NEUROCORTEX_REDIS_URL": "redis://:of-the-test@127.0.0.1:9/0",
        "NEUROCORTEX_TIERS__MEDIUM": "3",
    }
    return Server(folder, environment)


@pytest.fixture(scope="module")
def first(server: Server) -> str:
    """What the first apply prints."""
    return server.apply()


@pytest.fixture
def client(prefect_server: str) -> Iterator[SyncPrefectClient]:
    with (
        temporary_settings({PREFECT_API_URL: prefect_server}),
        get_client(sync_client=True) as client,
    ):
        yield client


def block(client: SyncPrefectClient, kind: str) -> BlockDocument:
    return client.read_block_document_by_name(DEFAULT_BLOCK, kind, include_secrets=True)


def deployed(client: SyncPrefectClient) -> dict[str, DeploymentResponse]:
    return {name: client.read_deployment_by_name(name) for name in PLACES}


def test_it_prints_a_line_for_everything(first: str) -> None:
    said = first.splitlines()
    assert "the Lake's schema is up to date" in said
    assert {
        f"work pool {tier.value}: {limit} runs at once, at most" for tier, limit in LIMITS.items()
    } <= (set(said))
    assert {f"block type {kind}" for kind in BLOCK_TYPES} <= set(said)
    assert {f"block {kind}/default" for kind in ("lake", "cache", "stream")} <= set(said)
    assert {f"deployment {name} on {tier.value}" for name, tier in PLACES.items()} <= set(said)
    assert "llm-provider/default" not in first, "there is no provider in the settings"


@pytest.mark.usefixtures("first")
def test_the_lake_is_migrated(lake_url: str) -> None:
    with Lake(lake_url) as lake:
        assert lake.check() is None


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize("tier", Tier)
def test_each_tier_is_a_pool_with_its_limit(client: SyncPrefectClient, tier: Tier) -> None:
    pool = client.read_work_pool(tier.value)
    assert (pool.type, pool.concurrency_limit, pool.is_paused) == (
        "neurocortex",
        LIMITS[tier],
        False,
    )
    assert pool.description


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize("name", PLACES)
def test_each_deployment_is_on_its_tier_with_a_form_that_explains_itself(
    client: SyncPrefectClient, name: str
) -> None:
    deployment = client.read_deployment_by_name(name)
    assert deployment.work_pool_name == PLACES[name].value
    assert deployment.description
    assert deployment.tags
    assert deployment.concurrency_options is not None
    schema = deployment.parameter_openapi_schema
    assert schema is not None
    properties = schema["properties"]
    assert set(schema.get("required", ())) <= set(properties)
    assert {field: bool(shown.get("description")) for field, shown in properties.items()} == (
        dict.fromkeys(properties, True)
    )


@pytest.mark.usefixtures("first")
def test_a_datasets_deployment_loads_it_on_its_schedule_one_at_a_time(
    client: SyncPrefectClient,
) -> None:
    found = deployed(client)
    wine = found[etl("wine")]
    assert wine.parameters == {"dataset": "wine"}
    assert [schedule.active for schedule in wine.schedules] == [True]
    assert [schedule.slug for schedule in found[MAINTAIN].schedules] == ["nightly"]
    assert wine.global_concurrency_limit is not None
    assert wine.global_concurrency_limit.limit == 1
    assert found[etl("rides")].schedules == []


@pytest.mark.usefixtures("first")
def test_prefect_makes_the_runs_of_a_schedule(client: SyncPrefectClient) -> None:
    wine = client.read_deployment_by_name(etl("wine"))
    # What its scheduler does once a minute.
    client.request("POST", "/deployments/{id}/schedule", path_params={"id": wine.id}, json={})
    runs = client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[wine.id]))
    )
    assert runs
    assert all(run.auto_scheduled for run in runs)
    for run in runs:
        client.delete_flow_run(run.id)


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize("kind", BLOCK_TYPES)
def test_each_block_type_has_a_logo_and_says_what_it_is_for(
    client: SyncPrefectClient, kind: str
) -> None:
    found = client.read_block_type_by_slug(kind)
    assert found.logo_url
    assert found.description
    assert found.documentation_url
    assert found.code_example


@pytest.mark.usefixtures("first")
def test_the_default_blocks_lead_where_the_settings_say(
    client: SyncPrefectClient, server: Server
) -> None:
    assert block(client, "lake").data["url"] == server.environment["NEUROCORTEX_DATABASE_URL"]
    for kind in ("cache", "stream"):
        assert block(client, kind).data["url"] == server.environment["NEUROCORTEX_REDIS_URL"]
    hidden = client.read_block_document_by_name(DEFAULT_BLOCK, "lake", include_secrets=False)
    assert "of-the-tests" not in str(hidden.data)


@pytest.mark.usefixtures("first")
def test_applying_again_brings_changed_settings_and_leaves_alone_what_was_changed_in_the_ui(
    client: SyncPrefectClient, server: Server
) -> None:
    wine = client.read_deployment_by_name(etl("wine"))
    client.update_deployment_schedule(wine.id, wine.schedules[0].id, active=False)
    client.update_work_pool(Tier.LOW.value, WorkPoolUpdate(is_paused=True))
    lake = block(client, "lake")
    _edit(client, lake, pool_size=11)
    before = deployed(client)

    said = server.apply(NEUROCORTEX_TIERS__HIGH="7", **PROVIDER)

    after = deployed(client)
    assert {name: _lasting(each) for name, each in after.items()} == {
        name: _lasting(each) for name, each in before.items()
    }
    assert [schedule.active for schedule in after[etl("wine")].schedules] == [False]
    assert client.read_work_pool(Tier.LOW.value).is_paused is True
    edited = block(client, "lake")
    assert edited.id == lake.id
    assert (edited.data["pool_size"], edited.data["url"]) == (11, lake.data["url"])

    assert client.read_work_pool(Tier.HIGH.value).concurrency_limit == 7
    assert "block llm-provider/default" in said
    assert "sk-very-secret" not in said
    provider = block(client, "llm-provider")
    assert provider.data["model"] == "small"
    assert provider.data["api_key"] == "sk-very-secret"
    client.delete_block_document(provider.id)


def test_the_manifest_is_what_the_checkout_has() -> None:
    listed = {entry.name: entry.work_pool.name for entry in manifest.read().deployments}
    assert listed == {
        "ingest-documents": Tier.MEDIUM,
        "reembed-collection": Tier.LOW,
        "answer-question-high": Tier.HIGH,
        "answer-question-critical": Tier.CRITICAL,
        "replay-request": Tier.LOW,
        "train-model": Tier.LOW,
        "run-pipeline": Tier.MEDIUM,
        "run-agent": Tier.MEDIUM,
        "train-router": Tier.LOW,
        "deploy-model": Tier.MEDIUM,
        "collect-feedback": Tier.LOW,
        "evaluate-models": Tier.LOW,
        "retrain-on-feedback": Tier.LOW,
        "report-experiment": Tier.LOW,
        "run-batch-medium": Tier.MEDIUM,
        "run-batch-low": Tier.LOW,
        "maintain-lake": Tier.LOW,
    }


@pytest.mark.parametrize(
    ("yaml", "named"),
    [
        ("name: x\nprefect_version: 3\ndeployments: []", "prefect_version"),
        ("name: x\npull: [{git_clone: {}}]\ndeployments: []", "pull"),
        (
            "name: x\ndeployments: [{name: a, entrypoint: b, work_pool: {name: low}, cron: '* *'}]",
            "cron",
        ),
        (
            "name: x\ndeployments: [{name: a, entrypoint: b, work_pool: {name: huge}}]",
            "'critical', 'high', 'medium' or 'low'",
        ),
        ("name: [", "prefect.yaml"),
    ],
)
def test_what_would_not_be_applied_is_refused(
    yaml: str, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "prefect.yaml").write_text(yaml)
    monkeypatch.setattr(manifest, "__file__", str(tmp_path / "deployments" / "manifest.py"))
    with pytest.raises(SettingsError) as refused:
        manifest.read()
    assert named in str(refused.value)


def _edit(client: SyncPrefectClient, document: BlockDocument, **fields: object) -> None:
    """Change fields of a block, as the UI's form does."""
    changed = httpx.patch(
        f"{client.api_url}block_documents/{document.id}",
        trust_env=False,
        json={
            "data": {**document.data, **fields},
            "block_schema_id": str(document.block_schema_id),
            "merge_existing_data": False,
        },
    )
    changed.raise_for_status()


def _lasting(deployment: DeploymentResponse) -> dict[str, object]:
    """Return what a person set or sees of a deployment: not when it was touched last."""
    schedules = [
        (schedule.slug, schedule.active, schedule.schedule) for schedule in deployment.schedules
    ]
    kept = deployment.model_dump(
        include={
            *("id", "name", "description", "tags", "parameters", "entrypoint", "version"),
            *("work_pool_name", "concurrency_options", "parameter_openapi_schema", "paused"),
        }
    )
    return {**kept, "schedules": schedules}
