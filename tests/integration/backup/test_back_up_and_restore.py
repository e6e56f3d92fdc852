"""A backup is made, the platform destroyed, and restored: the same answers."""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from neurocortex.backup import backups, manifest
from neurocortex.backup.backups import KEYS, LAKE, PREFECT, Place
from neurocortex.cli.main import app
from neurocortex.domain.documents import Chunk, Document, SplitDocument
from neurocortex.engines.lsa import LsaTrainer
from neurocortex.errors import BackupError
from neurocortex.lake.store import Lake
from neurocortex.lake.versions import history

DESTROY = "DROP SCHEMA lake, work, access CASCADE; DROP SCHEMA IF EXISTS data, history CASCADE"
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
    return Place(database_url, prefect_url, keys)


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
    assert {part.name for part in made.manifest.parts} == {LAKE, PREFECT, KEYS}
    assert made.manifest.documents == 2
    assert backups.verify(made.folder) == made == backups.every(tmp_path / "backups")[0]

    destroy(lake)
    lake.migrate()  # a fresh platform
    place.keys.write_text("the keys of the fresh platform")
    assert place.prefect_url is not None
    with psycopg.connect(place.prefect_url, autocommit=True) as connection:
        connection.execute("DELETE FROM flow_run; DELETE FROM flow; CREATE TABLE more (id int)")

    backups.restore(place, made.folder)
    assert answers(lake) == before
    assert lake.check() is None
    history.rollback(lake, "papers", 1)
    assert {source for source, _, _ in answers(lake)} == {"a", "b", "c"}
    assert place.keys.read_text() == "the keys"
    assert place.keys.with_name(f"{KEYS}.before-restore").read_text().endswith("fresh platform")
    with psycopg.connect(place.prefect_url) as connection:
        assert connection.execute("SELECT name FROM flows").fetchall() == [("ingest",)]
        assert connection.execute("SELECT to_regclass('more')").fetchone() == (None,)


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
        update={"parts": tuple(map(manifest.part_of, [dump, made.folder / KEYS]))}
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
