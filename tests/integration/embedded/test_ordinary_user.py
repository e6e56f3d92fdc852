"""The platform as an ordinary user."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.embedded.conftest import Command

USER = "nobody"
READ_ALL = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
"""Lets another user run an interpreter and a checkout that lie below /root."""

needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="needs root and setpriv, to become another user",
)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of the ordinary user; pytest's own are root's alone."""
    made = Path(tempfile.mkdtemp(prefix="neurocortex-user-"))
    entry = pwd.getpwnam(USER)
    os.chown(made, entry.pw_uid, entry.pw_gid)
    yield made
    shutil.rmtree(made)


def as_user() -> tuple[str, ...]:
    """Return the command that runs another one as the ordinary user."""
    entry = pwd.getpwnam(USER)
    base = ("setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups")
    for prefix in (base, (*base, *READ_ALL)):
        tried = subprocess.run(
            [*prefix, sys.executable, "-c", "import sys; print(sys.base_prefix)"],
            capture_output=True,
            text=True,
            check=False,
        )
        if tried.stdout.strip() == sys.base_prefix:  # the same interpreter, not a fallback
            return prefix
    pytest.skip(f"{USER} cannot run {sys.executable}")


@needs_root
def test_an_ordinary_user_can_bring_it_up(
    folder: Path, prefect_server: str, make_command: "type[Command]"
) -> None:
    command = make_command(folder, {"PREFECT_API_URL": prefect_server}, as_user())
    with command.up() as started:
        assert started.supervisor.username() == USER
        assert {process.username() for process in started.family()} == {USER}
        assert started.command.home.postgres.stat().st_uid == pwd.getpwnam(USER).pw_uid
