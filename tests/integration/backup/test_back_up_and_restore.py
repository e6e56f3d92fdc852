"""A backup is made, the platform destroyed, and restored: the same answers."""

import asyncio
import fcntl
import json
import os
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from neurocortex.backup import backups, folders, manifest
from neurocortex.backup.backups import FILES, KEYS, LAKE, MODELS, PREFECT, Place
from neurocortex.backup.folders import SPECS, Folder
from neurocortex.cli.main import app
from neurocortex.domain.documents import Chunk, Document, SplitDocument
from neurocortex.engines.lsa import LsaTrainer
from neurocortex.errors import BackupError
from neurocortex.experiments.experiments import Experiments
from neurocortex.experiments.opening import opened as opened_experiments
from neurocortex.experiments.plan import ExperimentSpec
from neurocortex.lake.store import Lake
from neurocortex.lake.versions import history

DESTROY = (
    "DROP SCHEMA lake, work, access, forge CASCADE; DROP SCHEMA IF EXISTS data, history CASCADE"
)
REGISTRY = """
CREATE SCHEMA forge;
CREATE TABLE forge.runs (artifact_uri text);
INSERT INTO forge.runs VALUES ('{models}/1/artifacts'), ('s3://elsewhere/1');
"""
PREFECT_LIKE = """
CREATE EXTENSION pg_trgm;
CREATE TYPE state AS ENUM ('done');
CREATE TABLE flow (id int PRIMARY KEY, name text, state state);
CREATE TABLE flow_run (id int PRIMARY KEY, flow int REFERENCES flow);
CREATE INDEX flow_name ON flow USING gin (name gin_trgm_ops);
CREATE VIEW flows AS SELECT name FROM flow;
INSERT INTO flow VALUES (1, 'ingest', 'done');
INSERT INTO flow_run VALUES (1, 1);
"""
TEXTS = ("cats hunt mice", "dogs guard houses", "birds build nests")


@pytest.fixture
def lake(database_url: str) -> Iterator[Lake]:
    with Lake(database_url) as opened:
        opened.migrate()
        documents = [
            SplitDocument(
                Document(name, name, content, "text/plain", name), (Chunk(0, content, 0, 1),)
            )
            for name, content in zip("abc", TEXTS, strict=True)
        ]
        opened.load_documents("papers", documents, LsaTrainer())
        opened.delete_documents("papers", ["b"])
        yield opened


@pytest.fixture
def prefect_url(postgres_url: str) -> Iterator[str]:
    """A database that looks like the Prefect server's: all in the schema `public`."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE like_prefect")
        url = f"{postgres_url.rpartition('/')[0]}/like_prefect"
        with psycopg.connect(url, autocommit=True) as inside:
            inside.execute(PREFECT_LIKE)
        yield url
        connection.execute("DROP DATABASE like_prefect WITH (FORCE)")


@pytest.fixture
def place(lake: Lake, database_url: str, prefect_url: str, tmp_path: Path) -> Place:
    keys = tmp_path / "home" / KEYS
    keys.parent.mkdir()
    keys.write_text("the keys")
    keys.chmod(0o600)
    models, datasets = Folder(tmp_path / "home" / "models"), Folder(tmp_path / "datasets", SPECS)
    for path, content in (
        (models.path / "1" / "artifacts" / "model.skops", "a model"),
        (datasets.path / "patients.yaml", "name: patients"),
        (datasets.path / "patients.csv", "not a description"),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    with lake.engine.begin() as connection:
        connection.execute(text(REGISTRY.format(models=models.path.as_uri())))
    return Place(database_url, prefect_url, keys, {MODELS: models, "datasets": datasets})


def answers(lake: Lake) -> list[tuple[str, str, float]]:
    found = [passage for query in TEXTS for passage in lake.search("papers", query)]
    return [(each.source, each.text, round(each.score, 6)) for each in found]


def destroy(lake: Lake) -> None:
    lake.engine.dispose()
    with lake.engine.begin() as connection:
        connection.execute(text(DESTROY))
    lake.engine.dispose()


def test_the_same_answers_after_all_was_lost(lake: Lake, place: Place, tmp_path: Path) -> None:
    before = answers(lake)
    made = backups.create(place, tmp_path / "backups")
    assert made.folder.stat().st_mode & 0o077 == 0
    assert {part.name for part in made.manifest.parts} == {LAKE, PREFECT, KEYS, FILES}
    assert (made.manifest.documents, made.manifest.files) == (2, 2)
    assert backups.verify(made.folder) == made == backups.every(tmp_path / "backups")[0]

    destroy(lake)
    lake.migrate()  # a fresh platform
    place.keys.write_text("the keys of the fresh platform")
    assert place.prefect_url is not None
    with psycopg.connect(place.prefect_url, autocommit=True) as connection:
        connection.execute("DELETE FROM flow_run; DELETE FROM flow; CREATE TABLE more (id int)")

    (place.folders["datasets"].path / "patients.yaml").write_text("name: others")
    (place.folders["datasets"].path / "patients.csv").unlink()
    moved = Folder(tmp_path / "other home" / "models")
    backups.restore(replace(place, folders={**place.folders, MODELS: moved}), made.folder)
    assert answers(lake) == before
    assert lake.check() is None
    history.rollback(lake, "papers", 1)
    assert {source for source, _, _ in answers(lake)} == {"a", "b", "c"}
    assert place.keys.read_text() == "the keys"
    assert place.keys.with_name(f"{KEYS}.before-restore").read_text().endswith("fresh platform")
    assert (moved.path / "1" / "artifacts" / "model.skops").read_text() == "a model"
    with lake.engine.connect() as registry:
        addresses = registry.scalars(text("SELECT artifact_uri FROM forge.runs")).all()
    assert addresses == ["s3://elsewhere/1", f"{moved.path.as_uri()}/1/artifacts"]
    datasets = place.folders["datasets"].path
    assert (datasets / "patients.yaml").read_text() == "name: patients"
    assert (datasets / "patients.yaml.before-restore").read_text() == "name: others"
    assert not (datasets / "patients.csv").exists()
    with psycopg.connect(place.prefect_url) as connection:
        assert connection.execute("SELECT name FROM flows").fetchall() == [("ingest",)]
        assert connection.execute("SELECT to_regclass('more')").fetchone() == (None,)


def test_what_a_killed_one_left_is_removed_by_the_next(place: Place, tmp_path: Path) -> None:
    under_way, abandoned = tmp_path / "made" / "1.partial", tmp_path / "made" / "2.partial"
    for folder in (under_way, abandoned):
        folder.mkdir(parents=True)
        (folder / LAKE).write_text("about Ada")
    lock = os.open(under_way, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)  # as who works on it holds it
    made = backups.create(place, tmp_path / "made")
    assert set((tmp_path / "made").iterdir()) == {under_way, made.folder}
    assert (under_way / LAKE).exists()
    os.close(lock)


def test_what_is_there_goes_only_when_told(lake: Lake, place: Place, tmp_path: Path) -> None:
    made = backups.create(place, tmp_path)
    lake.delete_documents("papers", ["a"])
    with pytest.raises(BackupError, match="The Lake is not empty"):
        backups.restore(place, made.folder)
    assert {source for source, _, _ in answers(lake)} == {"c"}
    backups.restore(place, made.folder, replace=True)
    assert {source for source, _, _ in answers(lake)} == {"a", "c"}


def test_a_restore_that_fails_changes_nothing(lake: Lake, place: Place, tmp_path: Path) -> None:
    made = backups.create(place, tmp_path)
    before = answers(lake)
    dump = made.folder / LAKE
    whole = dump.read_bytes()
    # Cut in the data: the list at the start is whole, so that it begins to restore.
    dump.write_bytes(whole[: len(whole) - 200])
    with pytest.raises(BackupError, match=r"lake\.dump was changed or cut"):
        backups.restore(place, made.folder, replace=True)
    changed = made.manifest.model_copy(
        update={
            "parts": tuple(manifest.part_of(made.folder / name) for name in (FILES, KEYS, LAKE))
        }
    )
    (made.folder / manifest.FILE).write_text(changed.model_dump_json())
    with pytest.raises(BackupError, match="pg_restore failed"):
        backups.verify(made.folder)
    with pytest.raises(BackupError, match="failed"):
        backups.restore(place, made.folder, replace=True)
    lake.engine.dispose()
    assert answers(lake) == before


@pytest.fixture
def neurocortex(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEUROCORTEX_DATABASE_URL", database_url)
    monkeypatch.setenv("NEUROCORTEX_HOME", str(tmp_path))
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["backup", *arguments])


@pytest.mark.usefixtures("lake", "neurocortex")
def test_by_the_commands() -> None:
    assert "There is no backup" in run("list").output
    made = json.loads(run("create", "--json").output)
    assert made["documents"] == 2
    assert "2 documents" in run("list").output
    assert "is whole" in run("verify", made["folder"]).output
    refused = run("restore", made["folder"])
    assert "not empty" in str(refused.exception)
    assert "Restored 2 documents" in run("restore", made["folder"], "--replace").output
    missing = run("verify", "nowhere")
    assert "holds no backup" in str(missing.exception)


@pytest.mark.usefixtures("lake", "neurocortex")
def test_the_experiments_of_a_backup_count_at_once(
    database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEUROCORTEX_REDIS_URL", redis_url)
    variants = [{"name": "as-asked"}, {"name": "few", "set": {"limit": 3}}]
    spec = ExperimentSpec.model_validate(
        {"name": "fewer", "operation": "search", "variants": variants}
    )

    async def running(change: Callable[[Experiments], Awaitable[object]]) -> list[str]:
        async with opened_experiments(redis_url, database_url) as experiments:
            await change(experiments)
            return [each.spec.name for each in (await experiments.snapshot()).experiments]

    assert asyncio.run(running(lambda experiments: experiments.begin(spec))) == ["fewer"]
    made = json.loads(run("create", "--json").output)
    assert asyncio.run(running(lambda experiments: experiments.stop("fewer"))) == []
    assert run("restore", made["folder"], "--replace").exit_code == 0
    assert asyncio.run(running(lambda experiments: experiments.snapshot())) == ["fewer"]


@pytest.mark.usefixtures("neurocortex")
def test_who_was_erased_stays_erased(lake: Lake) -> None:
    """The copies in a backup are named, and a restore of it brings nobody back."""
    made = json.loads(run("create", "--json").output)
    erase = CliRunner().invoke(app, ["privacy", "erase", "--subject", "hunt mice", "--yes"])
    assert erase.exit_code == 0, erase.output
    assert f"{made['folder']} has copies" in erase.output.replace("\n", "")
    restored = run("restore", made["folder"], "--replace")
    assert restored.exit_code == 0, restored.output
    assert "now again: 1 person" in restored.output
    assert {source for source, _, _ in answers(lake)} == {"c"}
    assert "now again" in run("restore", made["folder"], "--replace").output


def test_of_a_link_the_file_is_kept_that_it_leads_to(tmp_path: Path) -> None:
    folder, elsewhere = Folder(tmp_path / "datasets", SPECS), tmp_path / "mounted.yaml"
    elsewhere.write_text("name: patients")
    folder.path.mkdir()
    (folder.path / "patients.yaml").symlink_to(elsewhere)
    folders.pack(tmp_path / FILES, {"datasets": folder})
    elsewhere.unlink()
    folders.read_through(tmp_path / FILES)
    restored = Folder(tmp_path / "restored")
    assert folders.unpack(tmp_path / FILES, {"datasets": restored}) == 1
    assert (restored.path / "patients.yaml").read_text() == "name: patients"
