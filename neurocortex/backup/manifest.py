"""What a backup consists of: a folder with a manifest, and a file for each part."""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from neurocortex.errors import BackupError

FILE: Final = "manifest.json"
FORMAT: Final = 2
"""Of the manifest and of the files' names; in the first there were no `files`."""

_PIECE: Final = 1 << 20


class Part(BaseModel):
    """One file of a backup."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    bytes: int
    sha256: str


class Manifest(BaseModel):
    """A backup as its manifest describes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    made_at: datetime
    release: str
    """Version of NeuroCortex that made it."""
    revision: str
    """Revision of the Lake's schema."""
    documents: int
    tables: int
    """Tables of datasets."""
    files: int = 0
    """Of models, and of what people wrote: datasets, training specs, pipelines."""
    models: str = ""
    """Folder that models were in: the registry has addresses of files below it."""
    parts: tuple[Part, ...]

    @property
    def bytes(self) -> int:
        """Size of all its files."""
        return sum(part.bytes for part in self.parts)


def part_of(path: Path) -> Part:
    """Return a file as a part of its backup."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return Part(name=path.name, bytes=path.stat().st_size, sha256=digest.hexdigest())


def read(folder: Path) -> Manifest:
    """Return the manifest of the backup in a folder.

    Raises:
        BackupError: there is none, or it is of a later version.
    """
    try:
        found = Manifest.model_validate_json((folder / FILE).read_text())
    except (OSError, ValidationError, ValueError) as error:
        raise BackupError(
            f"{folder} holds no backup: its {FILE} cannot be read ({type(error).__name__})."
        ) from error
    if found.format > FORMAT:
        raise BackupError(
            f"{folder} was made by NeuroCortex {found.release} in a form that this version does not"
            " know: restore it with that version."
        )
    return found


def check(folder: Path) -> Manifest:
    """Return the manifest, once every file is found to be what was written.

    Raises:
        BackupError: a file is missing or damaged; the text names it.
    """
    manifest = read(folder)
    for part in manifest.parts:
        path = folder / part.name
        if not path.is_file():
            raise BackupError(f"The backup {folder} is damaged: {part.name} is missing.")
        if part_of(path) != part:
            raise BackupError(f"The backup {folder} is damaged: {part.name} was changed or cut.")
    return manifest
