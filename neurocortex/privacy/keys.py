"""The keys that personal data is encrypted and hashed with, in a file only its owner reads.

A new key is made every `rotate_days`; it encrypts from then on, and the older ones still decrypt.
The key of pseudonyms is never changed: the same value has to keep its pseudonym.
"""

import fcntl
import json
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from neurocortex.errors import PrivacyKeyError

KEY_BYTES: Final = 32
"""AES-256 and HMAC-SHA-256."""

FILE: Final = "privacy_keys.json"


class DataKey(BaseModel):
    """One key that encrypts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[0-9a-f]{8}$")
    """What an encrypted value names it by."""
    made_at: datetime
    secret: SecretStr

    @property
    def material(self) -> bytes:
        """The key itself."""
        return bytes.fromhex(self.secret.get_secret_value())


class Keyring(BaseModel):
    """All keys of an installation. Lose them, and what they encrypted is lost."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keys: tuple[DataKey, ...] = Field(min_length=1)
    """The oldest first."""
    pseudonyms: SecretStr

    @property
    def newest(self) -> DataKey:
        """The key that encrypts."""
        return self.keys[-1]

    @property
    def pseudonym_material(self) -> bytes:
        """The key of pseudonyms itself."""
        return bytes.fromhex(self.pseudonyms.get_secret_value())

    def key(self, key_id: str) -> DataKey:
        """Return the key of that id.

        Raises:
            PrivacyKeyError: there is none.
        """
        for key in self.keys:
            if key.id == key_id:
                return key
        raise PrivacyKeyError(
            f"There is no key {key_id!r}: the value was encrypted with the keys of another"
            " installation, or a key was taken out of the file."
        )

    def rotated(self, now: datetime) -> "Keyring":
        """Return it with a new key."""
        return self.model_copy(update={"keys": (*self.keys, _made(now))})


def generate(now: datetime) -> Keyring:
    """Return a fresh keyring."""
    return Keyring(keys=(_made(now),), pseudonyms=SecretStr(secrets.token_hex(KEY_BYTES)))


def read_or_make(path: Path, rotate_days: int, now: datetime | None = None) -> Keyring:
    """Return the keys of a file; it is made where it is missing, and gets a new key when due.

    Args:
        path: the file.
        rotate_days: when the newest key is older than so many days, another is made.
        now: the time, in UTC; None for the clock's.

    Raises:
        PrivacyKeyError: the file is damaged, others may read it, or it cannot be written.
    """
    now = now or datetime.now(UTC)
    due = timedelta(days=rotate_days)
    found = read(path)
    if found is not None and now - found.newest.made_at < due:
        return found
    try:
        with _locked(path):
            found = read(path)  # another process may have been faster
            if found is None:
                found = generate(now)
            elif now - found.newest.made_at >= due:
                found = found.rotated(now)
            else:
                return found
            _write(path, found)
    except OSError as error:
        raise PrivacyKeyError(
            f"The keys in {path} cannot be written ({error.strerror}), and a new one is due. Let"
            " the platform write there, or raise NEUROCORTEX_PRIVACY__ROTATE_DAYS."
        ) from error
    return found


def _made(now: datetime) -> DataKey:
    return DataKey(
        id=secrets.token_hex(4), made_at=now, secret=SecretStr(secrets.token_hex(KEY_BYTES))
    )


def read(path: Path) -> Keyring | None:
    """Return the keys of a file; None where there is none.

    Raises:
        PrivacyKeyError: the file is damaged, or others may read it.
    """
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise PrivacyKeyError(
                f"{path} may be read by others than its owner: `chmod 600 {path}`."
            )
        ring = Keyring.model_validate_json(path.read_text())
        for material in (ring.pseudonym_material, *(key.material for key in ring.keys)):
            if len(material) != KEY_BYTES:
                raise PrivacyKeyError(f"A key in {path} is not of {KEY_BYTES} bytes.")
    except FileNotFoundError:
        return None
    except (OSError, ValidationError, ValueError) as error:
        # Not chained, and without the input: a message must not hold a key.
        raise PrivacyKeyError(
            f"The keys in {path} cannot be read ({type(error).__name__}). Restore the file from a"
            " copy: without it, what was encrypted is lost."
        ) from None
    return ring


def _write(path: Path, ring: Keyring) -> None:
    """Replace the file as a whole: a crash leaves the old one or the new one."""
    plain = ring.model_dump(mode="json")
    plain["pseudonyms"] = ring.pseudonyms.get_secret_value()
    for shown, key in zip(plain["keys"], ring.keys, strict=True):
        shown["secret"] = key.secret.get_secret_value()
    aside = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(plain, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process at a time make keys: of two that start at once both must get the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
