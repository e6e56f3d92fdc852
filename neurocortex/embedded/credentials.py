"""The random passwords of the embedded services, kept in the home folder."""

import json
import os
import secrets
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from neurocortex.errors import ServiceError

FILE: Final = "credentials.json"

PASSWORD_BYTES: Final = 24
"""192 random bits; hexadecimal, so it needs no quoting in any URL or configuration."""


class Credentials(BaseModel):
    """Passwords that nobody needs to know."""

    model_config = ConfigDict(frozen=True)

    superuser: SecretStr
    """Of PostgreSQL's role `postgres`: used for set-up only."""
    owner: SecretStr
    """Of PostgreSQL's role `neurocortex`, which owns the platform's databases."""
    redis: SecretStr


def generate() -> Credentials:
    """Return fresh ones."""
    return Credentials(
        superuser=SecretStr(secrets.token_hex(PASSWORD_BYTES)),
        owner=SecretStr(secrets.token_hex(PASSWORD_BYTES)),
        redis=SecretStr(secrets.token_hex(PASSWORD_BYTES)),
    )


def read(home: Path) -> Credentials | None:
    """Return the passwords of a home folder, None where it has none yet.

    Raises:
        ServiceError: the file is damaged or not ours to read.
    """
    try:
        return Credentials.model_validate_json((home / FILE).read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        raise ServiceError(
            "postgres", f"The passwords in {home / FILE} cannot be read: {_first_line(error)}"
        ) from None


def read_or_make(home: Path) -> Credentials:
    """Return the passwords of a home folder, new ones where it has none yet.

    Written aside and linked into place, so a crash leaves all of it or nothing, and two that
    start at once agree on one.

    Raises:
        ServiceError: the file is damaged or not ours to read.
    """
    if (known := read(home)) is not None:
        return known
    made = generate()
    aside = home / f"{FILE}.{os.getpid()}"
    plain = {name: getattr(made, name).get_secret_value() for name in Credentials.model_fields}
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(plain, file)
        file.flush()
        os.fsync(file.fileno())
    try:
        (home / FILE).hardlink_to(aside)
    except FileExistsError:
        return read_or_make(home)
    finally:
        aside.unlink()
    return made


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
