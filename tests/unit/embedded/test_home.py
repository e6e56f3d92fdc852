import os
import stat
from pathlib import Path

import pytest

from neurocortex.embedded.home import Home
from neurocortex.errors import ServiceError


def test_the_folders_are_made_for_us_alone(tmp_path: Path) -> None:
    home = Home(tmp_path / "deep" / "home")
    home.make()
    home.make()
    for folder in (home.run, home.logs, home.redis, home.prefect, home.temporary):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    Home(folder).make()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_a_file_in_the_place_of_the_home_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    with pytest.raises(ServiceError, match=r"NEUROCORTEX_HOME = .*home cannot be used"):
        Home(tmp_path / "home").make()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_we_may_not_write_to_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ServiceError, match="Set it to a folder that you may write to"):
        Home(tmp_path / "home").make()


def test_a_log_starts_empty_and_the_one_before_is_kept(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.make()
    home.turn_over("redis").write_text("first")
    log = home.turn_over("redis")
    assert log.read_text() == ""
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert log.with_suffix(".log.1").read_text() == "first"


def test_temporary_files_are_gone_after_a_start(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.make()
    (home.temporary / "folder").mkdir()
    home.empty_temporary()
    assert list(home.temporary.iterdir()) == []
