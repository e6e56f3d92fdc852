"""A gate is tried on a source before anything is loaded."""

from pathlib import Path
from textwrap import dedent

import pytest
from typer.testing import CliRunner

from neurocortex.cli.main import app
from neurocortex.datasets.reader import read
from neurocortex.datasets.trial import passes_nothing, tried
from neurocortex.errors import DatasetSpecError

YAML = """
    name: orders
    source: {kind: csv, path: orders.csv}
    columns:
      - {name: id, type: integer}
      - {name: price, type: number}
      - {name: who, type: text}
    privacy: {who: redact}
    expectations:
      - type: expect_column_values_to_be_unique
        kwargs: {column: id}
      - type: expect_column_values_to_be_in_set
        kwargs: {column: who, value_set: [Ada]}
        severity: warn
      - type: expect_table_row_count_to_be_between
        kwargs: {min_value: LEAST}
        severity: stop
    target: {table: orders}
"""

ROWS = "id,price,who\n1,2.5,Ada\n1,3,Ada\n2,free,Ada\n3,4,Grace\n"


def orders(folder: Path, least: int = 1, rows: str = ROWS) -> Path:
    (folder / "orders.csv").write_text(rows)
    path = folder / "orders.yaml"
    path.write_text(dedent(YAML).replace("LEAST", str(least)))
    return path


def test_what_a_load_would_set_aside(tmp_path: Path) -> None:
    trial = tried(read(orders(tmp_path)))
    assert trial.rules == {"wrong_type": 1, "expect_column_values_to_be_unique": 2}
    assert [each.success for each in trial.gate.results] == [False, False, True]
    assert "Grace" not in trial.gate.model_dump_json()


@pytest.mark.parametrize(("least", "expected"), [(0, True), (1, False)])
def test_a_suite_that_passes_on_no_rows_is_found(
    tmp_path: Path, least: int, expected: bool
) -> None:
    assert passes_nothing(read(orders(tmp_path, least))) is expected


def test_the_command_says_so_and_tells_a_stop_by_its_exit_code(tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["quality", "check", str(orders(tmp_path, 0))])
    assert said.exit_code == 0
    assert "A source without rows would pass" in said.output
    assert "2 rows would be set aside by expect_column_values_to_be_unique" in said.output
    stopped = CliRunner().invoke(app, ["quality", "check", str(orders(tmp_path, 100))])
    assert stopped.exit_code == 1
    assert "not met (stop): the table" in stopped.output


def test_expectations_about_nothing_are_refused_with_their_line(tmp_path: Path) -> None:
    path = orders(tmp_path)
    path.write_text(path.read_text().replace("column: id}", "column: idd}"))
    with pytest.raises(DatasetSpecError, match=r"line \d+.*'idd'"):
        read(path)


def test_the_command_proposes_and_writes(tmp_path: Path) -> None:
    rows = "id,price,who\n" + "".join(f"{each},{each}.5,Ada\n" for each in range(50))
    orders(tmp_path, rows=rows)
    out = tmp_path / "draft.yaml"
    command = ["quality", "profile", str(tmp_path / "orders.csv"), "--out", str(out)]
    said = CliRunner().invoke(app, command)
    assert said.exit_code == 0
    assert "Review it" in said.output
    assert read(out).name == "orders"
