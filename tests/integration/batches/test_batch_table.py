"""Batches in a real PostgreSQL."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import text

from neurocortex.batches.store import BatchTable
from neurocortex.batches.values import Batch, Counts, Item, Outcome, Reading
from neurocortex.batches.working import first_at_once, give_up_stuck_item
from neurocortex.errors import LakeUnavailableError

ITEMS = [Item(line, "echo", b'{"operation": "echo"}', 1.5) for line in (1, 2, 4)]
BAD = Outcome.failed(3, "invalid_request", "no JSON")


@pytest.fixture
def table(gateway_database: str) -> Iterator[BatchTable]:
    with BatchTable(gateway_database) as table:
        yield table


@pytest.fixture
def batch(table: BatchTable) -> UUID:
    number = uuid4()
    table.create(number, "acme", Reading(ITEMS, [BAD], 0.1))
    return number


def done(line: int, result: bytes = b"{}") -> Outcome:
    return Outcome(line, is_completed=True, content=result)


def begin(table: BatchTable, batch: UUID) -> Batch:
    found = table.begin(batch)
    assert found is not None
    return found


def test_a_batch_is_as_it_was_written(table: BatchTable, batch: UUID) -> None:
    assert table.counts(batch, "acme") == Counts(total=4, completed=0, failed=1)
    assert table.counts(batch, "other") is None
    assert table.pending(batch, 0, 10) == ITEMS
    assert table.pending(batch, 1, 1) == ITEMS[1:2]
    assert table.outcomes(batch, 0, 10) == [BAD]


def test_a_result_is_written_once_and_counted_once(table: BatchTable, batch: UUID) -> None:
    table.write(batch, [done(2, b"1"), Outcome.failed(4, "internal", "it broke")])
    table.write(batch, [done(2, b"2"), done(1)])
    assert table.counts(batch, "acme") == Counts(total=4, completed=2, failed=2)
    assert [(each.line, each.content) for each in table.outcomes(batch, 0, 2)] == [
        (1, b"{}"),
        (2, b"1"),
    ]
    assert table.pending(batch, 0, 10) == []


def test_starts_without_progress_are_counted(table: BatchTable, batch: UUID) -> None:
    assert [begin(table, batch).starts for _ in range(3)] == [1, 2, 3]
    table.write(batch, [done(1)])
    assert begin(table, batch).starts == 1
    assert table.begin(uuid4()) is None


def test_an_item_that_ends_its_process_again_and_again_is_given_up(
    table: BatchTable, batch: UUID
) -> None:
    for _ in range(3):
        begun = begin(table, batch)
        give_up_stuck_item(table, begun, 3)
    assert first_at_once(begun, 8) == 1, "it is alone, so that it is known which one it is"
    assert len(table.pending(batch, 0, 10)) == 3
    give_up_stuck_item(table, begin(table, batch), 3)
    given_up = table.outcomes(batch, 0, 1)[0]
    assert (given_up.line, orjson.loads(given_up.content)["code"]) == (1, "given_up")
    again = begin(table, batch)
    assert (again.starts, first_at_once(again, 8)) == (1, 8)


def test_batches_go_with_the_records_of_their_requests(table: BatchTable, batch: UUID) -> None:
    table.prune()
    assert table.counts(batch, "acme") is not None, "its record may be on its way"
    with table.engine.begin() as connection:
        connection.execute(
            text("UPDATE work.batches SET created_at = now() - interval '2 hours' WHERE id = :id"),
            {"id": batch},
        )
    while table.prune():
        pass
    assert table.counts(batch, "acme") is None
    assert table.pending(batch, 0, 10) == []
    assert table.outcomes(batch, 0, 10) == []


def test_a_database_that_is_away_is_told() -> None:
    with (
        BatchTable("postgresql://nobody@127.0.0.1:9/none") as table,
        pytest.raises(LakeUnavailableError),
    ):
        table.begin(uuid4())
