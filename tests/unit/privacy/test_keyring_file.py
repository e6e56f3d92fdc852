"""The file of keys: made once, rotated, for its owner only."""

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from neurocortex.errors import PrivacyKeyError
from neurocortex.privacy.keys import read_or_make

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "keys.json"


def test_it_is_made_once_and_only_its_owner_reads_it(path: Path) -> None:
    made = read_or_make(path, 30, NOW)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_or_make(path, 30, NOW) == made


def test_after_thirty_days_a_new_key_is_added_and_the_old_one_stays(path: Path) -> None:
    made = read_or_make(path, 30, NOW)
    assert read_or_make(path, 30, NOW + timedelta(days=29)) == made
    rotated = read_or_make(path, 30, NOW + timedelta(days=30))
    assert rotated.keys[0] == made.newest
    assert rotated.newest != made.newest
    assert rotated.pseudonyms == made.pseudonyms
    assert read_or_make(path, 30, NOW + timedelta(days=31)) == rotated


def test_those_that_start_at_once_agree(path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        rings = list(pool.map(lambda _: read_or_make(path, 30, NOW), range(8)))
    assert all(ring == rings[0] for ring in rings)


def test_a_file_that_others_may_read_is_refused_with_the_remedy(path: Path) -> None:
    read_or_make(path, 30, NOW)
    path.chmod(0o644)
    with pytest.raises(PrivacyKeyError, match="chmod 600"):
        read_or_make(path, 30, NOW)


def test_a_place_that_cannot_be_written_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "keys.json.lock").mkdir()
    with pytest.raises(PrivacyKeyError, match="ROTATE_DAYS"):
        read_or_make(tmp_path / "keys.json", 30, NOW)


@pytest.mark.parametrize("damage", ["{", "{}", '{"keys": [], "pseudonyms": "00"}'])
def test_a_damaged_file_is_refused_and_left_as_it_is(path: Path, damage: str) -> None:
    read_or_make(path, 30, NOW)
    path.write_text(damage)
    with pytest.raises(PrivacyKeyError, match="Restore"):
        read_or_make(path, 30, NOW)
    assert path.read_text() == damage


def test_no_message_shows_a_key(path: Path) -> None:
    ring = read_or_make(path, 30, NOW)
    secret = ring.newest.secret.get_secret_value()
    assert secret not in repr(ring)
    path.write_text(path.read_text().replace(secret, secret[:-2]))
    with pytest.raises(PrivacyKeyError) as caught:
        read_or_make(path, 30, NOW)
    assert secret[:-2] not in str(caught.value)
