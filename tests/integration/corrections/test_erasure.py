"""A person's data on request: every copy is found and erased, after which only the rest is left."""

import json
from typing import TYPE_CHECKING

from sqlalchemy import text

from neurocortex.domain.documents import Chunk, Document, SplitDocument
from neurocortex.engines.lsa import LsaTrainer
from neurocortex.lake.store import Lake
from neurocortex.lake.versions import history

if TYPE_CHECKING:
    from tests.integration.corrections.conftest import Command, LoadPatients

LEFT = """
SELECT count(*) FROM {table} AS rows WHERE rows::text ILIKE '%lovelace%'
"""
LETTER = """
INSERT INTO work.dead_letters (flow_run_id, attempts, name, flow, tier, tenant, parameters, state,
    message, history)
VALUES (:run, 1, 'ask', 'ask', 'high', 'default', :parameters, 'Failed', '', '[]')
"""
BATCH = """
WITH batch AS (
    INSERT INTO work.batches (id, tenant, total) VALUES (gen_random_uuid(), 'default', 2)
    RETURNING id)
INSERT INTO work.batch_items (batch_id, line, operation, request)
SELECT id, line, 'answer', convert_to(said, 'UTF8')
FROM batch, (VALUES (1, 'who is Ada Lovelace?'), (2, 'who is Alan?')) AS asked (line, said)
"""


def document(source: str, content: str) -> SplitDocument:
    made = Document(source, source, content, "text/plain", content)
    return SplitDocument(made, (Chunk(0, content, 0, 1),))


def left(lake: Lake) -> dict[str, int]:
    """Count what any table of the platform still holds, as text."""
    with lake.engine.connect() as connection:
        tables = connection.scalars(
            text(
                "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN"
                " ('lake', 'data', 'history', 'work', 'access')"
            )
        ).all()
        counts = {name: connection.scalar(text(LEFT.format(table=name))) for name in tables}
    return {name: count for name, count in counts.items() if count}


def test_every_copy_goes_and_the_rest_stays(
    lake: Lake, load_patients: "LoadPatients", neurocortex: "Command"
) -> None:
    one, two = document("a", "Ada Lovelace wrote programs"), document("b", "Alan broke codes")
    lake.load_documents("people", [one, two], LsaTrainer())
    lake.load_documents("people", [document("a", "nobody wrote programs")], LsaTrainer())
    lake.load_documents("people", [document("c", "a note on ADA LOVELACE")], LsaTrainer())
    load_patients("1,Ada Lovelace,,,60", "2,Alan,ada.lovelace@example.com,,70", "3,Bob,b@x.org,,70")
    load_patients("1,Lovelace,,,9000", "2,Alan,Lovelace <ada@x.org>,,9000", "3,Bob,b@x.org,,70")
    with lake.engine.begin() as connection:
        for number, name in enumerate(("Lovelace", "Turing")):
            connection.execute(
                text(LETTER),
                {"run": f"00000000-0000-0000-0000-00000000000{number}", "parameters": name},
            )
        connection.execute(text(BATCH))

    found = json.loads(neurocortex("privacy", "find", "--subject", "lovelace", "--json").output)
    assert found["documents"] == {"people": ["c"]}
    rows = {name: count for name, count in found["rows"].items() if name != "lake.profiles"}
    assert rows == {
        "history.patients": 2,
        "lake.former_documents": 1,
        "lake.quarantine": 2,
        "work.batch_items": 1,
        "work.dead_letters": 1,
    }
    done = neurocortex("privacy", "erase", "--subject", "lovelace", "--yes")
    assert done.exit_code == 0, done.output
    assert left(lake) == {}
    again = neurocortex("privacy", "find", "--subject", "lovelace")
    assert "Nothing is stored" in again.output

    assert sorted(lake.checksums("people")) == ["a", "b"]
    assert lake.search("people", "codes")[0].source == "b"
    with lake.engine.connect() as connection:
        rest = [
            connection.scalar(text("SELECT count(*) FROM data.patients")),
            connection.scalar(text("SELECT count(*) FROM history.patients")),
            connection.scalar(text("SELECT count(*) FROM work.dead_letters")),
            connection.scalar(text("SELECT count(*) FROM work.batch_items")),
        ]
    assert rest == [1, 1, 1, 1]
    history.rollback(lake, "patients", 1)
    with lake.engine.connect() as connection:
        assert connection.scalars(text("SELECT id FROM data.patients")).all() == [3]


def test_a_number_that_tells_a_person_is_found_in_columns_of_numbers(
    lake: Lake, load_patients: "LoadPatients", neurocortex: "Command"
) -> None:
    load_patients("20240017,Ada,,,70", "120240017,Alan,,,70")
    load_patients("20240017,Ada,,,71", "120240017,Alan,,,70")
    found = json.loads(neurocortex("privacy", "find", "--subject", "20240017", "--json").output)
    assert found["rows"].items() >= {"data.patients": 1, "history.patients": 1}.items()
    assert neurocortex("privacy", "erase", "--subject", "20240017", "--yes").exit_code == 0
    with lake.engine.connect() as connection:
        both = text("SELECT id FROM data.patients UNION ALL SELECT id FROM history.patients")
        assert connection.scalars(both).all() == [120240017, 120240017]


def test_it_asks_before_it_erases(
    lake: Lake, load_patients: "LoadPatients", neurocortex: "Command"
) -> None:
    load_patients("1,Ada Lovelace,,,60")
    before = left(lake)
    assert neurocortex("privacy", "erase", "--subject", "Lovelace").exit_code == 1
    assert left(lake) == before
    assert before["data.patients"] == 1


def test_too_short_to_tell_a_person(lake: Lake, neurocortex: "Command") -> None:
    assert lake.check() is None
    refused = neurocortex("privacy", "find", "--subject", "a ")
    assert refused.exit_code == 2
    assert "3 characters" in refused.output
