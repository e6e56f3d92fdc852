import stat
from pathlib import Path

import pytest

from neurocortex.embedded import credentials
from neurocortex.errors import ServiceError


def test_passwords_are_made_once_and_kept(tmp_path: Path) -> None:
    assert credentials.read(tmp_path) is None
    made = credentials.read_or_make(tmp_path)
    assert credentials.read_or_make(tmp_path) == made
    assert credentials.read(tmp_path) == made
    assert [file.name for file in tmp_path.iterdir()] == [credentials.FILE]


def test_only_their_owner_can_read_them(tmp_path: Path) -> None:
    credentials.read_or_make(tmp_path)
    assert stat.S_IMODE((tmp_path / credentials.FILE).stat().st_mode) == 0o600


def test_each_home_has_its_own(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = (credentials.read_or_make(tmp_path / name) for name in "ab")
    secrets = {
        value.get_secret_value()
        for made in (one, other)
        for value in (made.superuser, made.owner, made.redis)
    }
    assert len(secrets) == 6


def test_they_are_not_shown_by_accident(tmp_path: Path) -> None:
    made = credentials.read_or_make(tmp_path)
    assert made.redis.get_secret_value() not in f"{made!r} {made} {made.model_dump()}"


def test_a_damaged_file_is_an_error_that_names_it_and_shows_no_password(tmp_path: Path) -> None:
    (tmp_path / credentials.FILE).write_text('{"superuser": "hunter2"}')
    with pytest.raises(ServiceError, match=credentials.FILE) as caught:
        credentials.read_or_make(tmp_path)
    assert "hunter2" not in str(caught.value)
