"""Under which account PostgreSQL runs, which refuses to run as root."""

import os
import pwd
from pathlib import Path
from typing import Final

from neurocortex.embedded.process import Account
from neurocortex.errors import ServiceError

CANDIDATES: Final = ("postgres", "nobody")
"""Accounts without rights of their own. initdb wants one that has a name, so we make up none."""


def unprivileged_account(data: Path) -> Account | None:
    """Return the account for PostgreSQL and its data folder, None when we are not root.

    An existing data folder keeps its owner: PostgreSQL runs on no data but its own.

    Raises:
        ServiceError: we are root and the system has no such account.
    """
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat().st_uid) != 0:
        entry = pwd.getpwuid(owner)
        return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)
    raise ServiceError(
        "postgres",
        "PostgreSQL does not run as root, and this system has neither of the accounts"
        f" {' and '.join(CANDIDATES)}. Run NeuroCortex as an ordinary user.",
    )
