"""The example of docs/how-to/add-dataset.md, loaded as the text says."""

import re
from pathlib import Path
from typing import Final

from sqlalchemy import text

from flows.run_etl import run_etl
from neurocortex.lake.store import Lake

TEXT: Final = (Path(__file__).parents[3] / "docs/how-to/add-dataset.md").read_text("utf-8")


def _snippet(language: str) -> str:
    found: list[str] = re.findall(rf"^ *```{language}\n(.*?)^ *```", TEXT, re.DOTALL | re.MULTILINE)
    return found[0]


def test_the_example_is_loaded_and_its_bad_rows_are_found_as_shown(
    lake: Lake, tmp_path: Path
) -> None:
    (tmp_path / "orders.csv").write_text(_snippet("csv"))
    (tmp_path / "orders.yaml").write_text(_snippet("yaml"))

    report = run_etl(str(tmp_path / "orders.yaml"))

    assert (report.target, report.loaded, report.quarantined) == ("data.orders", 3, 3)
    with lake.engine.connect() as connection:
        bad = {row.row: row.rule for row in connection.execute(text(_snippet("sql")))}
        loaded = connection.execute(text("SELECT order_id, ounces FROM data.orders ORDER BY 1"))
        assert [tuple(row) for row in loaded] == [(1, 12.0), (2, 8.0), (5, None)]
    assert bad == {
        3: "wrong_type",
        4: "expect_column_values_to_be_between",
        5: "duplicate_key",
    }
