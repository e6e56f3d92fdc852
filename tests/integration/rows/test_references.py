"""References to another dataset's table: checked when the YAML is read, and when rows come."""

from pathlib import Path
from textwrap import dedent

import pytest
from sqlalchemy import Engine, text

from neurocortex.corrections import rows as corrections
from neurocortex.datasets import etl
from neurocortex.datasets.catalog import catalog, find
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.errors import DatasetSpecError, ExpectationError
from neurocortex.lake import quarantine

SHOPS = """
    name: shops
    source: {kind: csv, path: shops.csv}
    columns:
      - {name: id, type: integer, key: true}
      - {name: "opened on", type: date}
      - {name: owner, type: text}
    privacy: {owner: hash}
    transforms:
      - {kind: rename, columns: {"opened on": opened, owner: owned_by}}
    target: {table: shops}
"""

SALES = """
    name: sales
    source: {kind: csv, path: sales.csv}
    columns:
      - {name: shop, type: integer, nullable: true}
      - {name: day, type: date}
      - {name: by, type: text}
    expectations:
      - type: expect_column_values_to_be_in_table
        kwargs: {column: COLUMN, table: TABLE, table_column: OTHER}
        note: a sale is in a shop that there is
    target: {table: sales}
"""


def write(
    folder: Path,
    *sales: str,
    column: str = "shop",
    table: str = "shops",
    other: str = "id",
    shops: str = "1,2020-01-01,Ada\n2,2021-05-01,Alan\n",
) -> None:
    (folder / "shops.csv").write_text(f"id,opened on,owner\n{shops}")
    (folder / "shops.yaml").write_text(dedent(SHOPS))
    (folder / "sales.csv").write_text("shop,day,by\n" + "".join(f"{row}\n" for row in sales))
    said = SALES.replace("COLUMN", column).replace("TABLE", table).replace("OTHER", other)
    (folder / "sales.yaml").write_text(dedent(said))


def loaded(lake: Engine, spec: DatasetSpec) -> int:
    etl.run(spec, lake)
    with lake.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM data.sales")).scalar_one())


def test_a_row_that_refers_to_nothing_waits_in_quarantine_until_it_refers_to_something(
    lake: Engine, tmp_path: Path
) -> None:
    write(tmp_path, "1,2024-01-01,x", "7,2024-01-01,x", ",2024-01-01,x")
    sales = find("sales", tmp_path)
    with pytest.raises(ExpectationError, match=r"no such table yet: load its dataset first"):
        etl.run(sales, lake)
    etl.run(find("shops", tmp_path), lake)
    assert loaded(lake, sales) == 2

    with lake.connect() as connection:
        (entry,) = quarantine.entries(connection, quarantine.Choice("data.sales"), 10)
    assert entry.refused.reason == "shop is 7: a sale is in a shop that there is"
    refused = corrections.release(lake, sales, [entry], "tester")
    assert list(refused.refused) == [entry.id]

    write(tmp_path, shops="1,2020-01-01,Ada\n7,2021-05-01,Grace\n")
    etl.run(find("shops", tmp_path), lake)
    assert corrections.release(lake, sales, [entry], "tester").released == (entry.id,)


def test_dates_are_compared_as_dates(lake: Engine, tmp_path: Path) -> None:
    rows = ("1,2020-01-01,x", "1,2020-01-02,x")
    write(tmp_path, *rows, column="day", other="opened")
    etl.run(find("shops", tmp_path), lake)
    assert loaded(lake, find("sales", tmp_path)) == 1


@pytest.mark.parametrize(
    ("column", "table", "other", "said"),
    [
        ("shop", "shop", "id", r"no dataset loads a table 'shop'. Did you mean 'shops'\?"),
        ("shop", "shops", "ids", r"has no column 'ids'. Did you mean 'id'\? It has: id, opened"),
        ("by", "shops", "id", "by is of type text, and shops.id of type integer"),
        ("by", "shops", "owned_by", "the dataset 'shops' hides owned_by"),
        ("shop", "sales", "shop", "the table 'sales' is the dataset's own"),
    ],
)
def test_a_reference_that_cannot_be_kept_is_refused_when_it_is_read(
    tmp_path: Path, column: str, table: str, other: str, said: str
) -> None:
    write(tmp_path, column=column, table=table, other=other)
    for ask in (lambda: find("sales", tmp_path), lambda: catalog(tmp_path)):
        with pytest.raises(DatasetSpecError, match=rf"'sales': expectations\[0\].*{said}"):
            ask()
    assert find("shops", tmp_path).name == "shops"
