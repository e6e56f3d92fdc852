"""A YAML that cannot work is refused with the line, the path in it, and what is allowed."""

from pathlib import Path
from textwrap import dedent

import pytest

from neurocortex.datasets.catalog import catalog, find
from neurocortex.datasets.reader import read
from neurocortex.datasets.sources import CsvSource
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.domain.deployments import Tier
from neurocortex.errors import DatasetNotFoundError, DatasetSpecError

GOOD = dedent(
    """\
    name: people
    source:
      kind: csv
      path: people.csv
    columns:
      - name: id
        type: integer
        key: true
      - name: height
        type: number
        nullable: true
      - {name: alive, type: boolean}
    expectations:
      - type: expect_column_values_to_be_between
        kwargs: {column: height, min_value: 0}
    transforms:
      - kind: round
        column: height
    target:
      table: people
      mode: upsert
    schedule:
      cron: 30 2 * * mon-fri
      timezone: Europe/Berlin
    tier: low
    """
)


def load(folder: Path, text: str) -> DatasetSpec:
    path = folder / "people.yaml"
    path.write_text(text)
    return read(path)


def test_a_good_file_is_read_whole(tmp_path: Path) -> None:
    spec = load(tmp_path, GOOD)
    assert isinstance(spec.source, CsvSource)
    assert spec.source.path == tmp_path / "people.csv"
    assert spec.tier is Tier.LOW
    assert spec.schedule is not None
    assert spec.schedule.timezone == "Europe/Berlin"
    assert [column.name for column in spec.loaded_columns] == ["id", "height", "alive"]
    assert DatasetSpec.model_validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        (
            "  path:",
            "  pat:",
            4,
            "source.pat: unknown key 'pat'. Did you mean 'path'? Allowed: path,",
        ),
        ("kind: csv", "kind: cvs", 2, "kind 'cvs'. Did you mean 'csv'? Allowed: csv, jsonl"),
        ("kind: csv\n", "delimiter: ','\n", 2, "source: it has no `kind`"),
        ("type: integer", "type: int", 7, "columns[0].type: 'int' is not allowed."),
        ("type: integer", "type: int", 7, "Allowed: integer, number, text, boolean"),
        ("    type: number\n", "", 9, "columns[1].type: it is missing"),
        ("key: true", "key: true\n    nullable: true", 6, "'id' is part of the key, so it cannot"),
        ("name: alive", "name: id", 12, "there are two columns 'id'"),
        ("column: height, ", "column: heigth, ", 15, "no column 'heigth'. Did you mean 'height'?"),
        ("to_be_between", "to_be_betwen", 14, "Did you mean expect_column_values_to_be_between?"),
        ("min_value", "minimum", 14, "has no parameter 'minimum'"),
        ("    column: height\n", "    column: weight\n", 17, "transforms[0]: there is no column"),
        ("kind: round", "kind: square", 17, "kind 'square'. Allowed: rename, drop, strip"),
        ("column: height\n", "column: id\n", 17, "column 'id' is integer, not number"),
        ("column: height\n", "column: height\n    digits: -1\n", 19, "transforms[0].digits: -1: "),
        ("mode: upsert", "mode: merge", 21, "'merge' is not allowed. Allowed: replace, append"),
        ("    key: true\n", "", 20, "upsert needs a key"),
        ("table: people", "table: Pe ople", 20, "target.table: 'Pe ople': "),
        ("30 2 * * mon-fri", "30 25 * * *", 23, "'25' is no hour of a cron expression (0 to 23;"),
        ("30 2 * * mon-fri", "daily", 23, "has 1 parts, a cron expression has 5"),
        ("Europe/Berlin", "Berlin", 24, "there is no time zone 'Berlin'"),
        ("tier: low", "tier: lowest", 25, "'lowest' is not allowed. Did you mean 'low'?"),
        ("tier: low", "teir: low", 25, "teir: unknown key 'teir'. Did you mean 'tier'?"),
        ("name: people\n", "name: My People\n", 1, "name: 'My People': "),
        ("name: alive,", "name: al-ive,", 5, "Rename it in `transforms`"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    assert old in GOOD
    with pytest.raises(DatasetSpecError) as caught:
        load(tmp_path, GOOD.replace(old, new, 1))
    text = str(caught.value)
    assert message in text
    assert f"line {line}" in text
    assert str(tmp_path / "people.yaml") in text


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ("{kind: rename, columns: {id: height}}", "two columns would be named 'height'"),
        ("{kind: drop, columns: [id]}", "part of the key"),
        ("{kind: strip, columns: [id]}", "column 'id' is integer, not text"),
        (
            "{kind: fill, column: height, value: tall}",
            "'tall' does not fit column 'height': not a number",
        ),
        ("{kind: replace, column: id, pattern: a}", "column 'id' is integer, not text"),
        ("{kind: fill, column: height, value: [1]}", "[1] is no single value"),
        ("{kind: cast, column: alive, type: date}", "can be cast to integer, text, not to date"),
        ("{kind: map, column: height, values: {1: a}}", "have a map"),
        (
            "{kind: map, column: id, values: {a: 1}}",
            "'a' does not fit column 'id': not a whole number",
        ),
        ("{kind: map, column: id, values: {1: a, 2: 3}}", "several types: integer, text"),
        ("{kind: derive, column: id, expression: '1'}", "there is a column 'id' already"),
        ("{kind: derive, column: x, expression: heigth * 2}", "Did you mean 'height'?"),
        ("{kind: derive, column: x, expression: open('f')}", "is not allowed"),
    ],
)
def test_a_transform_that_cannot_work_is_refused(tmp_path: Path, steps: str, message: str) -> None:
    with pytest.raises(DatasetSpecError) as caught:
        load(tmp_path, GOOD.replace("kind: round\n    column: height", steps))
    assert message in str(caught.value)
    assert "line 17, transforms[0]" in str(caught.value)


def test_truth_values_can_be_mapped(tmp_path: Path) -> None:
    step = "{kind: map, column: alive, values: {true: 1, false: 0}}"
    spec = load(tmp_path, GOOD.replace("kind: round\n    column: height", step))
    assert spec.loaded_columns[2].type == "integer"


def test_every_problem_is_listed(tmp_path: Path) -> None:
    wrong = GOOD.replace("type: integer", "type: int").replace("tier: low", "tier: lowest")
    with pytest.raises(DatasetSpecError) as caught:
        load(tmp_path, wrong)
    assert "line 7, columns[0].type" in str(caught.value)
    assert "line 25, tier" in str(caught.value)


def test_an_encoding_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetSpecError, match="there is no encoding 'latin-99'"):
        load(tmp_path, GOOD.replace("path: people.csv", "path: p.csv\n  encoding: latin-99"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be a mapping"),
        ("- a\n- b\n", "must be a mapping"),
        ("name: [", "is no YAML"),
        ("name: a\nname: b\n", "the key 'name' is there twice"),
        ("name: !!python/object/apply:os.system [true]\n", "is no YAML"),
        ("a: " + "[" * 5000, "YAML|nested too deeply"),
    ],
)
def test_what_is_no_yaml_of_a_dataset_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DatasetSpecError, match=message):
        load(tmp_path, text)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "people.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DatasetSpecError, match="cannot be read"):
        read(tmp_path / "people.yaml")


def test_dates_in_expectations_stay_text(tmp_path: Path) -> None:
    yaml = GOOD.replace("type: number", "type: date").replace(
        "min_value: 0", "min_value: 1900-01-01"
    )
    yaml = yaml.replace("transforms:\n  - kind: round\n    column: height\n", "")
    assert load(tmp_path, yaml).expectations[0].kwargs["min_value"] == "1900-01-01"


def test_a_dataset_survives_json() -> None:
    wine = find("wine", Path("missing"))
    assert DatasetSpec.model_validate_json(wine.model_dump_json()) == wine


def test_the_catalog_has_the_shipped_datasets_and_the_users(tmp_path: Path) -> None:
    load(tmp_path, GOOD)
    assert [spec.name for spec in catalog(tmp_path)] == ["wine", "people"]
    assert [spec.name for spec in catalog(tmp_path / "missing")] == ["wine"]
    assert find("people", tmp_path).name == "people"
    assert find(str(tmp_path / "people.yaml"), Path("missing")).name == "people"


def test_an_unknown_dataset_is_answered_with_those_there_are(tmp_path: Path) -> None:
    load(tmp_path, GOOD)
    with pytest.raises(DatasetNotFoundError, match=r"Did you mean 'wine'.*There are: wine, people"):
        find("wines", tmp_path)
    with pytest.raises(DatasetNotFoundError, match="there is no file"):
        find("elsewhere/people.yaml", tmp_path)


def test_a_dataset_is_found_by_its_files_name(tmp_path: Path) -> None:
    (tmp_path / "persons.yaml").write_text(GOOD)
    with pytest.raises(DatasetSpecError, match=r"must be named people\.yaml"):
        catalog(tmp_path)


def test_two_datasets_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "wine.yaml").write_text(GOOD.replace("name: people", "name: wine", 1))
    with pytest.raises(DatasetSpecError, match="already"):
        catalog(tmp_path)
