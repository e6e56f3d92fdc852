"""Refused documents: corrected or put right where they lie, and released into their collection."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurocortex.domain.quarantine import Quarantined
from neurocortex.lake.store import Lake

if TYPE_CHECKING:
    from tests.integration.corrections.conftest import Command


def refuse(lake: Lake, path: Path, content: str) -> None:
    path.write_text(content)
    entry = Quarantined(source=str(path), rule="few_words", reason="too short", payload=content)
    lake.record_refused("papers", [entry])


def waiting(neurocortex: "Command") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(neurocortex("quarantine", "list", "--json").output)
    return found


def test_a_file_that_was_put_right_is_read_again(
    lake: Lake, neurocortex: "Command", tmp_path: Path
) -> None:
    path = tmp_path / "note.txt"
    refuse(lake, path, "Too short")
    (entry,) = waiting(neurocortex)
    still = neurocortex("quarantine", "release", str(entry["id"]))
    assert still.exit_code == 1
    assert "3 words at least" in still.output
    assert waiting(neurocortex)

    path.write_text("The reactor is checked each Monday.")
    done = neurocortex("quarantine", "release", str(entry["id"]))
    assert done.exit_code == 0, done.output
    assert lake.search("papers", "reactor")[0].source == str(path)
    assert waiting(neurocortex) == []


def test_a_corrected_text_takes_the_place_of_the_file(
    lake: Lake, neurocortex: "Command", tmp_path: Path
) -> None:
    path, corrected = tmp_path / "scan.txt", tmp_path / "typed.txt"
    refuse(lake, path, "x")
    corrected.write_text("The pump was replaced in May.")
    (entry,) = waiting(neurocortex)
    fixed = neurocortex("quarantine", "fix", str(entry["id"]), "--from", str(corrected))
    assert fixed.exit_code == 0, fixed.output
    assert neurocortex("quarantine", "release", "--target", "papers").exit_code == 0
    assert lake.search("papers", "pump")[0].source == str(path)
    assert neurocortex("quarantine", "release", "--target", "papers").exit_code == 0
    assert lake.collection("papers").documents == 1


def test_a_row_of_a_file_needs_its_text(lake: Lake, neurocortex: "Command") -> None:
    row = Quarantined(source="/papers.csv", row=7, rule="malformed_row", reason="x", payload="a,b")
    lake.record_refused("papers", [row])
    (entry,) = waiting(neurocortex)
    done = neurocortex("quarantine", "release", str(entry["id"]))
    assert done.exit_code == 1
    assert "give its text" in done.output
