"""The record of erasures, from which a restored backup is brought in step.

A backup that was made before an erasure brings the person back. So each erasure is noted in a file
beside the databases, which no backup holds. What tells the person is encrypted in it with the
platform's keys, because a restore has to look for the same words again.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from neurocortex.domain.work import DEFAULT_TENANT
from neurocortex.errors import ErasureRecordError, PrivacyKeyError
from neurocortex.privacy.classes import DataClass
from neurocortex.privacy.hiding import Place, encrypted, revealed
from neurocortex.privacy.keys import Keyring
from neurocortex.security.roles import Role

FILE: Final = "erasures.jsonl"
"""In the platform's home folder."""

PLACE: Final = Place(DEFAULT_TENANT, "erasures")

LONGEST: Final = timedelta(hours=1)
"""An erasure that began so long before a backup was made may have ended after it."""


class Entry(BaseModel):
    """One line of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: datetime
    """When the erasure began."""
    subject: str
    """Encrypted."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure that was done."""

    at: datetime
    subject: str

    def counts_for(self, made_at: datetime) -> bool:
        """Tell whether a backup of that time may hold what it erased."""
        return self.at > made_at - LONGEST


def note(path: Path, subject: str, keys: Keyring, now: datetime | None = None) -> None:
    """Add an erasure that begins now; on return it is on the disk."""
    _write(path, [Erasure(now or datetime.now(UTC), subject)], keys, os.O_APPEND)


def replace(path: Path, erasures: Iterable[Erasure], keys: Keyring) -> None:
    """Write the record anew, encrypted with these keys."""
    aside = path.with_name(f"{path.name}.new")
    _write(aside, erasures, keys, os.O_TRUNC)
    aside.replace(path)


def read(path: Path, rings: Sequence[Keyring]) -> list[Erasure]:
    """Return the erasures in their order; none where there is no record.

    Args:
        path: the file.
        rings: keys that may have encrypted it: those of now, and of before a restore.

    Raises:
        ErasureRecordError: a line is damaged, or encrypted with other keys.
    """
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeError) as error:
        raise ErasureRecordError(str(path), 1, type(error).__name__) from error
    return [_read(path, number, line, rings) for number, line in enumerate(lines, 1)]


def _read(path: Path, number: int, line: str, rings: Sequence[Keyring]) -> Erasure:
    try:
        entry = Entry.model_validate_json(line)
    except ValidationError:
        raise ErasureRecordError(str(path), number, "it is damaged") from None
    for ring in rings:
        try:
            return Erasure(entry.at, revealed(entry.subject, PLACE, ring, Role.ADMIN))
        except PrivacyKeyError:  # of another ring
            continue
    raise ErasureRecordError(str(path), number, "its key is on no keyring that is known")


def _write(path: Path, erasures: Iterable[Erasure], keys: Keyring, mode: int) -> None:
    lines = (
        Entry(at=each.at, subject=encrypted(each.subject, PLACE, DataClass.SECRET, keys))
        for each in erasures
    )
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | mode, 0o600), "w") as file:
        file.writelines(f"{line.model_dump_json()}\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())
