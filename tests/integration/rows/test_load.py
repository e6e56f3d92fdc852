"""Datasets into real tables: what arrives, what is set aside, what stays when it goes wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from neurocortex.datasets import etl
from neurocortex.datasets.catalog import find
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.datasets.staged import Staged
from neurocortex.domain.quarantine import Quarantined
from neurocortex.errors import GateFailedError, LoadError, SourceError
from neurocortex.lake import loads, quarantine
from neurocortex.lake.loads import LoadRecord, LoadStatus

People = Callable[..., DatasetSpec]

THREE = """
    1,Ada,1815-12-10,1.65
    2,Alan,1912-06-23,
    3,Grace,1906-12-09,1.7
"""


def rows_of(lake: Engine, query: str) -> list[tuple[Any, ...]]:
    with lake.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def latest(lake: Engine) -> LoadRecord:
    with lake.connect() as connection:
        return loads.latest(connection, 1)[0]


def refused(lake: Engine, target: str = "data.people") -> list[Quarantined]:
    with lake.connect() as connection:
        found = quarantine.entries(connection, quarantine.Choice(target), 1000)
    return sorted((entry.refused for entry in found), key=lambda entry: entry.row or 0)


def staging_tables(lake: Engine) -> int:
    query = "SELECT count(*) FROM pg_tables WHERE schemaname = 'staging'"
    return int(rows_of(lake, query)[0][0])


def names(lake: Engine) -> list[str]:
    return [name for (name,) in rows_of(lake, "SELECT name FROM data.people ORDER BY id")]


def test_the_shipped_wine_table_is_loaded_whole(lake: Engine) -> None:
    flow_run = uuid4()
    seen: list[etl.Progress] = []
    outcome = etl.run(
        find("wine", Path("missing")), lake, flow_run_id=flow_run, progress=seen.append
    )
    assert outcome.gate.success
    report = outcome.report
    assert (report.extracted, report.loaded, report.quarantined) == (178, 178, 0)
    assert report.target == "data.wine"
    assert rows_of(
        lake,
        "SELECT cultivar, count(*), min(magnesium), max(flavanoid_ratio) FROM data.wine"
        " GROUP BY cultivar ORDER BY cultivar",
    ) == [("class_0", 59, 89, 1.229), ("class_1", 71, 70, 1.597), ("class_2", 48, 80, 1.121)]
    record = latest(lake)
    assert (record.id, record.status) == (report.load_id, LoadStatus.COMPLETED)
    assert (record.flow_run_id, record.target) == (flow_run, "data.wine")
    assert record.counts["loaded"] == 178
    assert seen[-1] == (178, 178, 0, 1.0)
    assert staging_tables(lake) == 0


def test_bad_rows_are_set_aside_and_the_others_are_loaded(lake: Engine, people: People) -> None:
    spec = people(
        """
        1,Ada,1815-12-10,1.65
        2,Alan,1912-06-23
        3,Grace,1906-12-09,tall
        4,,1906-12-09,1.7
        1,Ada again,,
        6,Edsger,1930-05-11,1.8,extra
        7,Giant,,4.5
        """,
        more="""
        expectations:
          - type: expect_column_values_to_be_between
            kwargs: {column: height, min_value: 0, max_value: 3}
            note: nobody is taller
        """,
    )
    outcome = etl.run(spec, lake, chunk_rows=2)
    assert (outcome.report.extracted, outcome.report.loaded) == (7, 1)
    assert names(lake) == ["Ada"]
    found = refused(lake)
    assert [(entry.row, entry.rule) for entry in found] == [
        (2, "malformed_row"),
        (3, "wrong_type"),
        (4, "missing_value"),
        (5, "duplicate_key"),
        (6, "malformed_row"),
        (7, "expect_column_values_to_be_between"),
    ]
    assert [entry.reason for entry in found] == [
        "too few fields in line 3: 3 where the header has 4",
        "height is 'tall': not a number",
        "name is empty, but it must have a value",
        "row 1 has the same key already: id = 1",
        "too many fields in line 7: 5 where the header has 4",
        "height is 4.5: nobody is taller",
    ]
    assert {entry.source for entry in found} == {str(spec.source.path)}  # type: ignore[union-attr]
    assert found[0].payload == "2,Alan,1912-06-23"
    assert '"height": "tall"' in found[1].payload
    assert '"name": "Ada again"' in found[3].payload
    assert outcome.rules["malformed_row"] == 2
    assert sorted(entry.row or 0 for entry in outcome.sample) == [2, 3, 4, 5, 6, 7]


def test_every_type_arrives_as_it_was(lake: Engine, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "i,n,t,b,d,ts,tz\n"
        "9223372036854775807,0.1,ÄÖ€😀,true,0001-01-01,1999-12-31 23:59:59.999999,"
        "2024-07-01T12:00:00\n"
        ",,NULL,,,,\n"
    )
    (tmp_path / "t.yaml").write_text(
        """
        name: types
        source: {kind: csv, path: t.csv}
        columns:
          - {name: i, type: integer, nullable: true}
          - {name: n, type: number, nullable: true}
          - {name: t, type: text, nullable: true}
          - {name: b, type: boolean, nullable: true}
          - {name: d, type: date, nullable: true}
          - {name: ts, type: timestamp, nullable: true}
          - {name: tz, type: timestamp, nullable: true, timezone: Europe/Berlin}
        target: {table: types}
        """
    )
    etl.run(find(str(tmp_path / "t.yaml"), tmp_path), lake)
    first, second = rows_of(
        lake,
        "SELECT i, n, t, b, d::text, ts::text, (tz AT TIME ZONE 'UTC')::text FROM data.types"
        " ORDER BY i",
    )
    assert first == (
        9223372036854775807,
        0.1,
        "ÄÖ€😀",
        True,
        "0001-01-01",
        "1999-12-31 23:59:59.999999",
        "2024-07-01 10:00:00",
    )
    assert second == (None,) * 7


def test_replace_leaves_only_the_last_load(lake: Engine, people: People) -> None:
    etl.run(people(THREE), lake)
    outcome = etl.run(people("9,Linus,1969-12-28,"), lake)
    assert names(lake) == ["Linus"]
    assert latest(lake).counts["deleted"] == 3
    assert rows_of(lake, "SELECT DISTINCT _load_id FROM data.people") == [(outcome.report.load_id,)]


def test_append_sets_rows_aside_whose_key_is_there(lake: Engine, people: People) -> None:
    etl.run(people(THREE, "append"), lake)
    outcome = etl.run(people("3,Impostor,,\n4,Barbara,,", "append"), lake)
    assert names(lake) == ["Ada", "Alan", "Grace", "Barbara"]
    assert (outcome.report.loaded, outcome.report.quarantined) == (1, 1)
    assert outcome.rules == {"duplicate_key": 1}
    (entry,) = refused(lake)
    assert (entry.row, entry.reason) == (1, "a row in the table has the same key already: id = 3")


def test_upsert_replaces_rows_by_key(lake: Engine, people: People) -> None:
    etl.run(people(THREE, "upsert"), lake)
    outcome = etl.run(people("3,Grace Hopper,1906-12-09,1.7\n4,Barbara,,", "upsert"), lake)
    assert names(lake) == ["Ada", "Alan", "Grace Hopper", "Barbara"]
    assert outcome.report.loaded == 2


def test_a_failed_stop_leaves_the_table_and_tells_why(lake: Engine, people: People) -> None:
    etl.run(people(THREE), lake)
    spec = people(
        "1,Only,,\n2,,,\n",
        more="""
        expectations:
          - type: expect_table_row_count_to_be_between
            kwargs: {min_value: 3}
            severity: stop
            note: there are always three
        """,
    )
    staged = etl.stage(spec, lake)
    assert staged.gate.stoppers[0].observed == "1"
    with pytest.raises(GateFailedError, match="there are always three"):
        etl.publish(spec, lake, staged)
    assert names(lake) == ["Ada", "Alan", "Grace"]
    record = latest(lake)
    assert record.status is LoadStatus.FAILED
    assert "there are always three" in (record.reason or "")
    assert [entry.rule for entry in refused(lake)] == ["missing_value"]
    assert staging_tables(lake) == 0


def test_whole_table_expectations_see_every_chunk(lake: Engine, people: People) -> None:
    spec = people(
        "1,Ada,,1\n2,Alan,,2\n3,Grace,,3\n4,Ada,,4\n5,,,100\n",
        more="""
        expectations:
          - type: expect_column_values_to_be_unique
            kwargs: {column: name}
          - type: expect_column_mean_to_be_between
            kwargs: {column: height, min_value: 2.5, max_value: 2.5}
            severity: stop
        """,
    )
    outcome = etl.run(spec, lake, chunk_rows=1)
    assert names(lake) == ["Alan", "Grace"]
    assert outcome.rules == {"missing_value": 1, "expect_column_values_to_be_unique": 2}
    assert refused(lake)[0].reason == "name is 'Ada': expected to be unique"
    assert outcome.gate.rows == 4


def test_a_table_that_differs_is_told_before_anything_is_read(
    lake: Engine, people: People, tmp_path: Path
) -> None:
    etl.run(people(THREE), lake)
    with lake.begin() as connection:
        connection.execute(text("ALTER TABLE data.people ALTER COLUMN height TYPE text"))
        connection.execute(text("ALTER TABLE data.people ADD COLUMN age bigint"))
    spec = people(THREE)
    (tmp_path / "people.csv").unlink()
    with pytest.raises(LoadError) as caught:
        etl.run(spec, lake)
    assert "'height' is text there, double precision in the dataset" in str(caught.value)
    assert "the dataset has no column 'age'" in str(caught.value)
    assert "DROP TABLE data.people" in str(caught.value)


def test_a_source_that_breaks_halfway_changes_nothing(
    lake: Engine, people: People, tmp_path: Path
) -> None:
    etl.run(people(THREE), lake)
    spec = people(THREE)
    with (tmp_path / "people.csv").open("ab") as file:
        file.write(b"x,bad,,\n" + b"9,Fill,,\n" * 20_000 + b"10,Gr\xfc\xdfe,,\n")
    with pytest.raises(SourceError, match=r"byte 0xfc in line 20006"):
        etl.run(spec, lake, chunk_rows=1000)
    assert names(lake) == ["Ada", "Alan", "Grace"]
    assert latest(lake).status is LoadStatus.FAILED
    assert [entry.rule for entry in refused(lake)] == ["wrong_type"]
    assert staging_tables(lake) == 0


def test_publishing_twice_loads_once(lake: Engine, people: People) -> None:
    spec = people(THREE, "append")
    staged = etl.stage(spec, lake)
    staged = Staged.model_validate_json(staged.model_dump_json())
    first = etl.publish(spec, lake, staged)
    again = etl.publish(spec, lake, staged)
    assert again.report.loaded == first.report.loaded == 3
    assert names(lake) == ["Ada", "Alan", "Grace"]


def test_an_abandoned_load_cannot_be_published(lake: Engine, people: People) -> None:
    spec = people(THREE)
    staged = etl.stage(spec, lake)
    etl.abandon(lake, staged, "the flow was cancelled.")
    with pytest.raises(LoadError, match="given up before: the flow was cancelled"):
        etl.publish(spec, lake, staged)


def test_staged_rows_that_vanished_are_noticed(lake: Engine, people: People) -> None:
    etl.run(people(THREE), lake)
    spec = people("9,Linus,,\n")
    staged = etl.stage(spec, lake)
    with lake.begin() as connection:
        connection.execute(text(f"TRUNCATE staging.load_{staged.load.id.hex}"))
    with pytest.raises(LoadError, match="1 rows were staged, 0 are left"):
        etl.publish(spec, lake, staged)
    assert names(lake) == ["Ada", "Alan", "Grace"]
    assert latest(lake).status is LoadStatus.FAILED


def test_what_a_killed_process_left_is_cleaned_up_by_the_next_load(
    lake: Engine, people: People
) -> None:
    killed = etl.stage(people(THREE), lake)
    with lake.begin() as connection:
        connection.execute(text("UPDATE lake.loads SET started_at = now() - interval '2 days'"))
    etl.run(people(THREE), lake)
    with lake.connect() as connection:
        by_id = {load.id: load for load in loads.latest(connection, 2)}
    assert by_id[killed.load.id].status is LoadStatus.FAILED
    assert "was interrupted" in (by_id[killed.load.id].reason or "")
    assert staging_tables(lake) == 0


def test_a_header_without_rows_empties_the_table(lake: Engine, people: People) -> None:
    etl.run(people(THREE), lake)
    outcome = etl.run(people(""), lake)
    assert outcome.report.extracted == 0
    assert names(lake) == []
