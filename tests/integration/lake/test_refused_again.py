"""What a gate refuses again and again: one entry in quarantine, which counts."""

import json
from datetime import UTC, datetime

from neurocortex.domain.quarantine import Quarantined
from neurocortex.lake.store import Lake
from neurocortex.privacy.classes import DataClass
from neurocortex.privacy.hiding import Place, encrypted
from neurocortex.privacy.keys import generate

EMPTY = Quarantined(source="/papers/a.txt", rule="empty", reason="the file is empty")


def test_the_same_file_refused_again_keeps_one_entry(lake: Lake) -> None:
    lake.record_refused("papers", [EMPTY])
    (first,) = lake.quarantine("papers")
    lake.record_refused("papers", [EMPTY])
    (again,) = lake.quarantine("papers")
    assert (first.times, again.times) == (1, 2)
    assert (again.id, again.created_at) == (first.id, first.created_at)
    assert again.last_seen_at > first.last_seen_at
    assert again.load_id == lake.loads()[0].id != first.load_id


def test_another_reason_text_row_or_target_is_another_entry(lake: Lake) -> None:
    others = [
        EMPTY.model_copy(update={"reason": "it is no PDF"}),
        EMPTY.model_copy(update={"payload": "%PDF"}),
        EMPTY.model_copy(update={"row": 7}),
    ]
    lake.record_refused("papers", [EMPTY, *others])
    lake.record_refused("reports", [EMPTY])
    assert [entry.times for entry in lake.quarantine()] == [1] * 5


def test_what_one_load_refuses_twice_is_counted_once(lake: Lake) -> None:
    lake.record_refused("papers", [EMPTY, EMPTY])
    (entry,) = lake.quarantine("papers")
    assert entry.times == 1


def test_what_was_refused_last_is_listed_first(lake: Lake) -> None:
    other = EMPTY.model_copy(update={"source": "/papers/b.txt"})
    for refused in (EMPTY, other, EMPTY):
        lake.record_refused("papers", [refused])
    assert [entry.refused.source for entry in lake.quarantine()] == [EMPTY.source, other.source]


def test_encrypted_rows_are_the_same_again_though_their_bytes_are_not(lake: Lake) -> None:
    keys, place = generate(datetime(2026, 1, 1, tzinfo=UTC)), Place("default", "people.phone")

    def hidden(name: str) -> Quarantined:
        phone, email = (
            encrypted(value, place, DataClass.PERSONAL, keys) for value in ("1234", "a@example.com")
        )
        payload = json.dumps({"name": name, "phone": phone, "email": email})
        return EMPTY.model_copy(update={"payload": payload})

    for _ in range(2):
        lake.record_refused("people", [hidden("Ann"), hidden("Tom")])
    assert [entry.times for entry in lake.quarantine("people")] == [2, 2]
