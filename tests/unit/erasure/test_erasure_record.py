"""The record of erasures: what is noted is read again, by who has the keys."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from neurocortex.erasure import record
from neurocortex.erasure.record import Erasure
from neurocortex.errors import ErasureRecordError
from neurocortex.privacy.keys import generate

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def test_noted_and_read_by_any_of_the_keyrings(tmp_path: Path) -> None:
    path, old, new = tmp_path / record.FILE, generate(NOW), generate(NOW)
    record.note(path, "Ada Lovelace", old, NOW)
    record.note(path, "Alan", new, NOW)
    assert path.stat().st_mode & 0o077 == 0
    assert "Ada" not in path.read_text()
    assert record.read(path, [new, old]) == [Erasure(NOW, "Ada Lovelace"), Erasure(NOW, "Alan")]
    record.replace(path, record.read(path, [new, old]), new)
    assert len(record.read(path, [new])) == 2


def test_without_the_key_it_says_so(tmp_path: Path) -> None:
    path = tmp_path / record.FILE
    record.note(path, "Ada Lovelace", generate(NOW), NOW)
    with pytest.raises(ErasureRecordError, match=r"Line 1 .* on no keyring"):
        record.read(path, [generate(NOW)])
    path.write_text("cut")
    with pytest.raises(ErasureRecordError, match="it is damaged"):
        record.read(path, [])


def test_none_is_none(tmp_path: Path) -> None:
    assert record.read(tmp_path / record.FILE, []) == []


def test_it_counts_for_backups_made_before_it_ended() -> None:
    erasure = Erasure(NOW, "Ada")
    assert erasure.counts_for(NOW - timedelta(days=1))
    assert erasure.counts_for(NOW + timedelta(minutes=5)), "it may have gone on"
    assert not erasure.counts_for(NOW + timedelta(days=1))
