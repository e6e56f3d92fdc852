"""Of a task's result, only models and plain values are made: no code runs on the bytes' word."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect._internal.result_records import ResultRecord, ResultRecordMetadata
from prefect.serializers import PickleSerializer

from neurocortex.cache.task_results import SERIALIZER, is_readable
from neurocortex.domain.answers import Answer, AnswerKind
from neurocortex.errors import CorruptEntryError

ANSWER = Answer(question="Why?", collection="c", kind=AnswerKind.NONE, text="", model="none")


@pytest.mark.parametrize(
    "value",
    [
        ANSWER,
        [ANSWER, ANSWER],
        {"a": [1, 2.5, None, "x"]},
        date(2026, 1, 2),
        datetime(2026, 1, 2, 3, tzinfo=UTC),
        UUID(int=7),
        Decimal("1.10"),
    ],
)
def test_results_survive(value: Any) -> None:
    assert SERIALIZER.loads(SERIALIZER.dumps(value)) == value


@pytest.mark.parametrize(
    "name",
    ["subprocess.getoutput", "os.system", "builtins.eval", "pathlib.Path", "no.such.module.Class"],
)
def test_no_other_class_is_made(name: str, tmp_path: Path) -> None:
    made = tmp_path / "made"
    planted = json.dumps({"__class__": name, "data": {"cmd": f"touch {made}"}}).encode()
    with pytest.raises(CorruptEntryError, match=name):
        SERIALIZER.loads(planted)
    assert not made.exists()


def _record(serializer: Any) -> bytes:
    metadata = ResultRecordMetadata(storage_key="k", serializer=serializer)
    record: ResultRecord[Any] = ResultRecord(result=1, metadata=metadata)
    return record.serialize()


def test_a_record_of_another_serializer_is_not_read() -> None:
    assert is_readable(_record(SERIALIZER))
    assert not is_readable(_record(PickleSerializer()))
    assert not is_readable(b"\x80\x04.")
    assert not is_readable(b"[]")
