"""PostgreSQL's data folder: made in one step, under the account that the server runs as."""

import os
import subprocess
from pathlib import Path
from shutil import rmtree

from neurocortex.embedded import binaries
from neurocortex.embedded.accounts import unprivileged_account
from neurocortex.embedded.process import Account, Command, spawn, tail
from neurocortex.errors import ServiceError, ServiceFailedError


def make(data: Path, superuser: str, password: str, log: Path) -> None:
    """Make a data folder, unless it is there.

    It is made aside and renamed: a crash half way leaves nothing that looks like data.

    Args:
        data: where it is to lie.
        superuser: name of the first role.
        password: of that role.
        log: gets what initdb says.

    Raises:
        ServiceFailedError: initdb failed, or the data is of another major version.
    """
    if (data / "PG_VERSION").exists():
        _refuse_other_version(data, log)
        return
    account = unprivileged_account(data)
    aside = data.with_name(f"{data.name}.new")
    rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True, mode=0o700)
    secret = aside.with_suffix(".password")
    secret.unlink(missing_ok=True)
    with os.fdopen(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(password)
    try:
        if account is not None:
            os.chown(aside, account.uid, account.gid)
            os.chown(secret, account.uid, account.gid)
        _initdb(aside, superuser, secret, account, log)
    finally:
        secret.unlink()
    aside.rename(data)


def environment() -> dict[str, str]:
    """Return the environment of PostgreSQL's programs: nothing of the user's own."""
    return {"PATH": os.defpath, "LC_ALL": "C"}


def _initdb(
    folder: Path, superuser: str, password: Path, account: Account | None, log: Path
) -> None:
    options = (
        f"--username={superuser}",
        f"--pwfile={password.absolute()}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        # Sorts and folds the same on every system, whatever locales it has.
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
    )
    child = spawn(
        Command(
            argv=(str(binaries.postgres("initdb")), "-D", str(folder.absolute()), *options),
            environment=environment(),
            log=log,
            account=account,
            folder=folder.absolute(),
        )
    )
    if child.wait() != 0:
        rmtree(folder, ignore_errors=True)
        raise ServiceFailedError("postgres", "could not make its data folder", log, tail(log))


def _refuse_other_version(data: Path, log: Path) -> None:
    found = (data / "PG_VERSION").read_text().strip()
    ours = _major_version()
    if found != ours:
        raise ServiceFailedError(
            "postgres",
            f"holds data of PostgreSQL {found} in {data}, and this is PostgreSQL {ours}."
            " Dump it with the old version and load it into a new home folder",
            log,
        )


def _major_version() -> str:
    """Return e.g. `18`."""
    try:
        answer = subprocess.run(
            [binaries.postgres("postgres"), "--version"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise ServiceError("postgres", f"PostgreSQL cannot be run: {error}") from error
    return answer.stdout.split()[-1].partition(".")[0]
