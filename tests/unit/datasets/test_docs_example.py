"""docs/how-to/add-dataset.md: what it shows works, and what there is it names."""

import re
from itertools import chain
from pathlib import Path
from typing import Final, get_args

import pytest
import yaml

from neurocortex.datasets.checks import check_chunk
from neurocortex.datasets.extract import extract
from neurocortex.datasets.parsing import MISSING_VALUE, WRONG_TYPE
from neurocortex.datasets.reader import read
from neurocortex.datasets.records import MALFORMED_ROW
from neurocortex.datasets.sources import BundledTable, Source
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.datasets.transforms import Transform
from neurocortex.domain.columns import ColumnType
from neurocortex.domain.deployments import Tier, etl
from neurocortex.domain.strict import Strict
from neurocortex.lake.rows.table import WriteMode
from neurocortex.quality.expectations import Severity

TEXT: Final = (Path(__file__).parents[3] / "docs/how-to/add-dataset.md").read_text("utf-8")


def _snippets(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


@pytest.fixture
def orders(tmp_path: Path) -> DatasetSpec:
    """The dataset of the example, its csv file beside it."""
    (tmp_path / "orders.csv").write_text(_snippets("csv")[0])
    (tmp_path / "orders.yaml").write_text(_snippets("yaml")[0])
    return read(tmp_path / "orders.yaml")


def test_the_example_is_a_dataset_of_the_name_the_text_uses(orders: DatasetSpec) -> None:
    assert etl(orders.name) == "run-etl/orders"
    assert f"deployment {etl(orders.name)} on {orders.tier}" in TEXT
    assert orders.target.table == "orders"


def test_the_rows_that_the_text_calls_bad_are_set_aside(orders: DatasetSpec) -> None:
    (chunk,) = extract(orders, 100)
    checked = check_chunk(chunk, orders)
    # Row 5 repeats a key, which only the Lake sees.
    assert {entry.row: entry.rule for entry in checked.quarantined} == {
        3: "wrong_type",
        4: "expect_column_values_to_be_between",
    }
    assert checked.frame.index.tolist() == [1, 2, 5, 6]
    assert checked.frame["ounces"].tolist()[:3] == [12.0, 8.0, 8.0]
    assert checked.frame["price_per_ounce"].tolist()[:2] == [1.66, 1.56]


def test_the_repair_of_values_works_as_a_part_of_a_dataset(tmp_path: Path) -> None:
    part = yaml.safe_load(_snippets("yaml")[1])
    (tmp_path / "sizes.csv").write_text("size\n12.0 oz\nunknown\n12 ml\n7\n")
    whole = {
        "name": "sizes",
        "source": {"kind": "csv", "path": "sizes.csv"},
        "target": {"table": "sizes"},
    }
    (tmp_path / "sizes.yaml").write_text(yaml.safe_dump(whole | part))
    spec = read(tmp_path / "sizes.yaml")
    (chunk,) = extract(spec, 100)
    checked = check_chunk(chunk, spec)
    assert [(entry.row, entry.rule) for entry in checked.quarantined] == [(3, "cast")]
    assert checked.frame["size"].fillna(-1).tolist() == [12.0, -1.0, 7.0]


def _kinds(union: object) -> tuple[type[Strict], ...]:
    """Return the members of an annotated union."""
    members: tuple[type[Strict], ...] = get_args(get_args(union)[0])
    return members


@pytest.mark.parametrize(
    "word",
    [
        *chain(ColumnType, Severity, WriteMode, Tier, BundledTable),
        *DatasetSpec.model_fields,
        *(get_args(kind.model_fields["kind"].annotation)[0] for kind in _kinds(Transform)),
        *(get_args(kind.model_fields["kind"].annotation)[0] for kind in _kinds(Source)),
        *chain.from_iterable(kind.model_fields for kind in (*_kinds(Transform), *_kinds(Source))),
        *(MALFORMED_ROW, WRONG_TYPE, MISSING_VALUE),
    ],
)
def test_everything_that_can_be_written_is_named(word: str) -> None:
    assert re.search(rf"[`{{]{word}[`: ]", TEXT), word
