"""Datasets with personal data: what arrives in PostgreSQL, and what never does."""

import json
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from sqlalchemy import Engine, text

from neurocortex.datasets import etl
from neurocortex.datasets.reader import read
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.domain.work import DEFAULT_TENANT
from neurocortex.lake.database import connect
from neurocortex.lake.migration import migrate
from neurocortex.privacy.hiding import Place, revealed
from neurocortex.privacy.opening import keyring
from neurocortex.security.roles import Role
from neurocortex.settings import settings

CSV = """\
id,name,email,phone,card,note
1,Ottoline Quxworth,otto@example.com,+44 20 7946 0958,4111111111111111,call Tom Harrison back
2,Kwame Zedler,kwame@example.com,+44 20 7946 0959,5500000000000004,nothing
x,Malformed Person,mal@example.com,+44 20 7946 0960,340000000000009,by Sue Fenwick
4,Short Name,short@example.com,+44 20 7946 0961,1,refused by the gate
5,Too,many@example.com,+44 20 7946 0962,30000000000004,of,these
6,Twin Personton,otto@example.com,+44 20 7946 0963,6011000000000004,the same email
"""
YAML = """
name: people
source: {kind: csv, path: people.csv}
columns:
  - {name: id, type: integer, key: true}
  - {name: name, type: text}
  - {name: email, type: text}
  - {name: phone, type: text}
  - {name: card, type: text}
  - {name: note, type: text}
privacy:
  name: redact
  email: hash
  phone: personal
  card: mask
  note: scan
expectations:
  - type: expect_column_value_lengths_to_be_between
    kwargs: {column: card, min_value: 12}
  - type: expect_column_values_to_be_unique
    kwargs: {column: email}
    severity: SEVERITY
transforms:
  - {kind: rename, columns: {phone: telephone}}
target: {table: people}
"""
PLAIN = (
    "Quxworth",
    "Zedler",
    "Malformed Person",
    "Fenwick",
    "Harrison",
    "@example.com",
    "7946",
    "4111111111111111",
    "340000000000009",
    "of,these",
)


@pytest.fixture
def lake(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv("NEUROCORTEX_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    engine = connect(database_url, pool_size=2)
    migrate(engine)
    yield engine
    engine.dispose()
    settings.cache_clear()


def people(folder: Path, severity: str) -> DatasetSpec:
    (folder / "people.csv").write_text(CSV)
    (folder / "people.yaml").write_text(dedent(YAML).replace("SEVERITY", severity))
    return read(folder / "people.yaml")


def rows(lake: Engine, query: str) -> list[dict[str, object]]:
    with lake.connect() as connection:
        return [dict(row) for row in connection.execute(text(query)).mappings()]


@pytest.mark.parametrize("severity", ["quarantine", "warn"])
def test_nothing_in_clear_is_stored_or_reported(
    lake: Engine, tmp_path: Path, severity: str
) -> None:
    outcome = etl.run(people(tmp_path, severity), lake)
    stored = rows(lake, "SELECT * FROM data.people ORDER BY id")
    kept = rows(lake, "SELECT row, rule, reason, payload FROM lake.quarantine ORDER BY row")
    everything = json.dumps([stored, kept], default=str) + outcome.model_dump_json()
    assert not [plain for plain in PLAIN if plain in everything]
    assert {entry["row"] for entry in kept} == {3, 4, 5} | (
        {1, 6} if severity == "quarantine" else set()
    )
    second = next(row for row in stored if row["id"] == 2)
    assert (second["name"], second["card"]) == ("<NAME>", "************0004")


def test_who_may_gets_back_what_was_encrypted_from_the_table_and_the_quarantine(
    lake: Engine, tmp_path: Path
) -> None:
    etl.run(people(tmp_path, "warn"), lake)
    (first,) = rows(lake, "SELECT telephone FROM data.people WHERE id = 1")
    phone = Place(DEFAULT_TENANT, "people.phone")
    assert revealed(str(first["telephone"]), phone, keyring(), Role.OPERATOR) == "+44 20 7946 0958"
    kept = {e["row"]: e for e in rows(lake, "SELECT row, payload FROM lake.quarantine")}
    payload = json.loads(str(kept[3]["payload"]))
    assert revealed(payload["phone"], phone, keyring(), Role.OPERATOR) == "+44 20 7946 0960"
    whole = Place(DEFAULT_TENANT, "people.row")
    broken = revealed(str(kept[5]["payload"]), whole, keyring(), Role.OPERATOR)
    assert "many@example.com" in broken


def test_rows_are_joined_by_pseudonym(lake: Engine, tmp_path: Path) -> None:
    etl.run(people(tmp_path, "warn"), lake)
    first, second, twin = rows(lake, "SELECT email FROM data.people ORDER BY id")
    assert first == twin != second


def test_what_is_found_in_a_scanned_column_goes_and_the_rest_stays(
    lake: Engine, tmp_path: Path
) -> None:
    etl.run(people(tmp_path, "warn"), lake)
    notes = [row["note"] for row in rows(lake, "SELECT note FROM data.people ORDER BY id")]
    assert notes == ["call <PERSON> back", "nothing", "the same email"]
