"""Refused rows: looked at, corrected, released into their table."""

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from neurocortex.lake.quarantine import MAX_PAYLOAD_CHARS
from neurocortex.lake.store import Lake
from neurocortex.lake.versions import history
from neurocortex.privacy.hiding import Place, is_encrypted, revealed
from neurocortex.privacy.opening import keyring
from neurocortex.security.roles import Role

if TYPE_CHECKING:
    from tests.integration.corrections.conftest import Command, LoadPatients

GOOD = "1,Ada,ada@example.com,030 1234567,60"
HEAVY = "2,Alan,alan@example.com,030 7654321,4000"
NO_NUMBER = "3,Grace,grace@example.com,030 1111111,sixty"


def table(lake: Lake) -> list[tuple[int, str, float | None]]:
    with lake.engine.connect() as connection:
        rows = connection.execute(text("SELECT id, name, weight FROM data.patients ORDER BY id"))
        return [(row.id, row.name, row.weight) for row in rows]


def listed(neurocortex: "Command", *arguments: str) -> list[dict[str, Any]]:
    shown = neurocortex("quarantine", "list", "--json", *arguments)
    assert shown.exit_code == 0, shown.output
    found: list[dict[str, Any]] = json.loads(shown.output)
    return sorted(found, key=lambda entry: entry["refused"]["row"])


def test_corrected_and_released(
    lake: Lake, load_patients: "LoadPatients", neurocortex: "Command"
) -> None:
    load_patients(GOOD, HEAVY, NO_NUMBER)
    heavy, no_number = listed(neurocortex)
    assert heavy["refused"]["rule"] == "expect_column_values_to_be_between"
    assert "alan@example.com" not in json.dumps(heavy)

    still = neurocortex("quarantine", "release", "--target", "data.patients")
    assert still.exit_code == 1
    assert "2 refused" in still.output
    assert table(lake) == [(1, "Ada", 60.0)]

    wanted = ["--set", "weight=70.5", "--set", "phone=030 7654321", "--by", "eve"]
    fixed = neurocortex("quarantine", "fix", str(heavy["id"]), *wanted)
    assert fixed.exit_code == 0, fixed.output
    done = neurocortex("quarantine", "release", "--target", "data.patients", "--by", "eve")
    assert done.exit_code == 1, "the other is still wrong"
    assert "1 released, 1 refused" in done.output
    assert table(lake) == [(1, "Ada", 60.0), (2, "Alan", 70.5)]

    with lake.engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM data.patients WHERE id = 2")).one()
    assert row.phone == "*** ***4321", "hidden as any other row"
    place = Place("default", "patients.email")
    assert revealed(row.email, place, keyring(), Role.ADMIN) == "alan@example.com"
    (entry,) = [each for each in listed(neurocortex, "--all") if each["id"] == heavy["id"]]
    assert (entry["corrected_by"], entry["released_by"]) == ("eve", "eve")
    assert entry["released_load_id"] == str(lake.loads(1)[0].id)
    assert [each["id"] for each in listed(neurocortex)] == [no_number["id"]]


def test_released_once_however_often(
    lake: Lake, load_patients: "LoadPatients", neurocortex: "Command"
) -> None:
    load_patients(GOOD, HEAVY)
    (heavy,) = listed(neurocortex)
    neurocortex("quarantine", "fix", str(heavy["id"]), "--set", "weight=70", "--set", "phone=")
    for _ in range(2):
        assert neurocortex("quarantine", "release", str(heavy["id"])).exit_code == 0
    assert len(table(lake)) == 2
    assert [each.version for each in history.versions(lake, "patients")] == [2, 1]
    again = neurocortex("quarantine", "fix", str(heavy["id"]), "--set", "weight=71")
    assert "released already" in str(again.exception)


def test_a_release_that_loads_nothing_makes_no_version(
    lake: Lake, load_patients: "LoadPatients", neurocortex: "Command"
) -> None:
    load_patients(GOOD, "1,Bob,,,4000")
    (bob,) = listed(neurocortex)
    fixed = neurocortex("quarantine", "fix", str(bob["id"]), "--set", "weight=70")
    assert "1 entry corrected. `neurocortex quarantine release` loads it." in fixed.output
    done = neurocortex("quarantine", "release", str(bob["id"]))
    assert "0 released, 1 refused" in done.output
    assert [each.version for each in history.versions(lake, "patients")] == [1]
    neurocortex("quarantine", "fix", str(bob["id"]), "--set", "id=2", "--set", "phone=")
    assert neurocortex("quarantine", "release", str(bob["id"])).exit_code == 0
    assert [each.version for each in history.versions(lake, "patients")] == [2, 1]


def test_a_value_that_was_hidden_for_good_has_to_be_given(
    load_patients: "LoadPatients", neurocortex: "Command"
) -> None:
    load_patients(HEAVY)
    (heavy,) = listed(neurocortex)
    neurocortex("quarantine", "fix", str(heavy["id"]), "--set", "weight=70")
    done = neurocortex("quarantine", "release", str(heavy["id"]))
    assert done.exit_code == 1
    assert "of phone no value is known" in done.output


def test_what_is_corrected_is_kept_encrypted(
    lake: Lake, load_patients: "LoadPatients", neurocortex: "Command"
) -> None:
    load_patients(HEAVY)
    (heavy,) = listed(neurocortex)
    wanted = ("--set", "phone=030 5555", "--set", "email=new@example.com")
    neurocortex("quarantine", "fix", str(heavy["id"]), *wanted)
    values = json.loads(lake.quarantine()[0].correction or "")
    assert is_encrypted(values["phone"])
    assert is_encrypted(values["email"])
    shown = neurocortex("quarantine", "show", str(heavy["id"]))
    assert "5555" not in shown.output


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_corrected_in_a_file(
    lake: Lake, load_patients: "LoadPatients", neurocortex: "Command", tmp_path: Path, suffix: str
) -> None:
    load_patients(GOOD, HEAVY, NO_NUMBER)
    path = tmp_path / f"bad.{suffix}"
    out = neurocortex("quarantine", "show", "--target", "data.patients", "--out", str(path))
    assert out.exit_code == 0, out.output
    if suffix == "csv":
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
    else:
        rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows:
        row.update(weight="65", phone="030 99")
    if suffix == "csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    fixed = neurocortex("quarantine", "fix", "--from", str(path))
    assert "2 entries corrected" in fixed.output
    done = neurocortex("quarantine", "release", "--target", "data.patients")
    assert done.exit_code == 0, done.output
    assert table(lake) == [(1, "Ada", 60.0), (2, "Alan", 65.0), (3, "Grace", 65.0)]


def test_a_line_that_is_no_row_gets_all_its_values(
    lake: Lake, load_patients: "LoadPatients", neurocortex: "Command"
) -> None:
    load_patients(GOOD, "2,Alan,too,many,1,fields")
    (entry,) = listed(neurocortex)
    assert entry["refused"]["rule"] == "malformed_row"
    done = neurocortex("quarantine", "release", str(entry["id"]))
    assert "of id, name, email, phone, weight no value is known" in done.output
    values = ("id=2", "name=Alan", "email=", "phone=", "weight=1")
    sets = [part for value in values for part in ("--set", value)]
    neurocortex("quarantine", "fix", str(entry["id"]), *sets)
    assert neurocortex("quarantine", "release", str(entry["id"])).exit_code == 0
    assert table(lake)[1] == (2, "Alan", 1.0)


def test_rows_of_one_key_are_not_both_released(
    lake: Lake, load_patients: "LoadPatients", neurocortex: "Command"
) -> None:
    load_patients(GOOD, "1,Bob,,,4000", "5,Carl,,,4000", "5,Dora,,,4000")
    ids = [str(entry["id"]) for entry in listed(neurocortex)]
    neurocortex("quarantine", "fix", *ids, "--set", "weight=80")
    done = neurocortex("quarantine", "release", *ids)
    assert done.exit_code == 1
    assert "in the table already" in done.output
    assert "another row that is released has the same key" in done.output
    assert table(lake) == [(1, "Ada", 60.0), (5, "Carl", 80.0)]


def test_a_load_that_replaces_all_rows_opens_the_entry_again(
    lake: Lake, load_patients: "LoadPatients", neurocortex: "Command"
) -> None:
    load_patients(GOOD, HEAVY)
    (heavy,) = listed(neurocortex)
    neurocortex("quarantine", "fix", str(heavy["id"]), "--set", "weight=70", "--set", "phone=")
    neurocortex("quarantine", "release", str(heavy["id"]))
    load_patients(GOOD, HEAVY)
    assert len(table(lake)) == 1
    assert [each["id"] for each in listed(neurocortex)] == [heavy["id"]]
    assert neurocortex("quarantine", "release", str(heavy["id"])).exit_code == 0, "as corrected"
    assert len(table(lake)) == 2


def test_a_long_row_is_cut_before_it_is_encrypted(
    lake: Lake, load_patients: "LoadPatients", neurocortex: "Command"
) -> None:
    long = "é" * MAX_PAYLOAD_CHARS
    load_patients(f"2,{long},{long},,4000")
    (entry,) = lake.quarantine()
    assert not entry.refused.is_whole
    assert len(entry.refused.payload) <= MAX_PAYLOAD_CHARS
    values = json.loads(entry.refused.payload)
    clear = revealed(values["email"], Place("default", "patients.email"), keyring(), Role.ADMIN)
    assert clear.startswith("ééé")
    assert clear.endswith("…")
    done = neurocortex("quarantine", "release", str(entry.id))
    assert "no value is known" in done.output


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("fix", "1", "--set", "wait=1"), "has no column 'wait'"),
        (("fix", "99", "--set", "weight=1"), "has no entry 99"),
        (("release", "99"), "has no entry 99"),
        (("show", "1", "--out", "rows.txt"), "must end in .csv or .jsonl"),
        (("fix", "--from", "missing.csv"), "cannot be read"),
        (("release", "1", "--dataset", "wine"), "Of which dataset"),
    ],
    ids=["column", "fix", "release", "form", "missing", "dataset"],
)
def test_what_cannot_be_done_is_said(
    load_patients: "LoadPatients",
    neurocortex: "Command",
    arguments: tuple[str, ...],
    reason: str,
) -> None:
    load_patients(HEAVY)
    done = neurocortex("quarantine", *arguments)
    assert done.exit_code == 1
    assert reason in str(done.exception)
