"""Making, finding, verifying and restoring backups."""

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from neurocortex.backup import dumps, folders, manifest, registry
from neurocortex.backup.folders import BEFORE, Folder
from neurocortex.backup.manifest import Manifest
from neurocortex.errors import BackupError, LakeUnavailableError
from neurocortex.lake import migration
from neurocortex.lake.store import Lake

FOLDER: Final = "backups"
"""Below the home folder; where backups are unless another place is named."""

LAKE: Final = "lake.dump"
PREFECT: Final = "prefect.dump"
KEYS: Final = "privacy_keys.json"
FILES: Final = "files.tar.gz"
MODELS: Final = "models"
"""Name of the models' folder among those of a platform."""

_MADE: Final = "%Y%m%dT%H%M%SZ"
_PARTIAL: Final = ".partial"


@dataclass(frozen=True, slots=True)
class Place:
    """A platform, as far as backups see it."""

    database_url: str
    prefect_url: str | None
    """Database of the Prefect server, where it is the platform's own."""
    keys: Path
    """What personal data is encrypted with; it may not be there."""
    folders: Mapping[str, Folder]
    """By name: the models' own, and those of what people write."""

    @property
    def databases(self) -> Mapping[str, str]:
        """URLs by the names of their dumps."""
        return {
            LAKE: self.database_url,
            **({PREFECT: self.prefect_url} if self.prefect_url else {}),
        }


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup in its folder."""

    folder: Path
    manifest: Manifest


def create(place: Place, folder: Path, now: datetime | None = None) -> Backup:
    """Back a platform up while it works; each database is as it was at one moment.

    Only the owner may read a backup: it holds the keys of what is encrypted in it. Keep it where
    only those are who may see personal data.

    Raises:
        BackupError: it could not be made; nothing is left of it.
    """
    made_at = now or datetime.now(UTC)
    target = folder / made_at.strftime(_MADE)
    try:
        with _under_way(target.with_suffix(_PARTIAL)) as partial:
            for name, url in place.databases.items():
                dumps.dump(url, partial / name)
            if place.keys.is_file():
                shutil.copy2(place.keys, partial / KEYS)
            # After the databases: each model that they know has its files by then.
            files = folders.pack(partial / FILES, place.folders)
            found = _described(place, partial, made_at, files)
            (partial / manifest.FILE).write_text(found.model_dump_json(indent=1))
            _written(partial)
            partial.rename(target)
    except OSError as error:
        raise BackupError(f"A backup cannot be written to {folder}: {error.strerror}.") from error
    return Backup(target, found)


def every(folder: Path) -> tuple[Backup, ...]:
    """Return the backups in a folder, the youngest first; what is none is left out."""
    return tuple(
        Backup(path.parent, manifest.read(path.parent))
        for path in sorted(folder.glob(f"*/{manifest.FILE}"), reverse=True)
        if path.parent.suffix != _PARTIAL
    )


def prune(folder: Path, keep: int) -> int:
    """Delete all backups but the youngest ones; return how many."""
    old = every(folder)[keep:]
    for backup in old:
        shutil.rmtree(backup.folder)
    return len(old)


def verify(folder: Path) -> Backup:
    """Read a backup through.

    Raises:
        BackupError: something is missing or damaged; the text names it.
    """
    found = manifest.check(folder)
    for part in found.parts:
        if part.name in (LAKE, PREFECT):
            dumps.read_through(folder / part.name)
        elif part.name == FILES:
            folders.read_through(folder / part.name)
    return Backup(folder, found)


def restore(place: Place, folder: Path, *, replace: bool = False) -> Backup:
    """Put a backup in the place of what a platform holds; its own schema's version comes after.

    Each database is restored in one transaction, the Lake's first. Files and keys that were there
    and differ are kept beside the restored ones. What was erased since the backup was made is to be
    erased again by the caller.

    Args:
        place: the platform; its services run, and nothing works on it.
        folder: the backup.
        replace: even where the Lake holds something.

    Raises:
        BackupError: the backup is damaged, the Lake is not empty, or PostgreSQL refused.
    """
    found = manifest.check(folder)
    with Lake(place.database_url) as lake:
        if not replace and _holds_something(lake):
            raise BackupError(
                "The Lake is not empty: what it holds would go. Back it up first, and say"
                " --replace."
            )
        names = {part.name for part in found.parts}
        for name, url in place.databases.items():
            if name in names:
                dumps.restore(url, folder / name)
        lake.engine.dispose()
        lake.migrate()
    if KEYS in names:
        _put_back_keys(folder / KEYS, place.keys)
    if FILES in names:
        folders.unpack(folder / FILES, place.folders)
    models = place.folders.get(MODELS)
    if models and found.models and found.models != str(models.path):
        registry.move(place.database_url, Path(found.models), models.path)
    return Backup(folder, found)


def _described(place: Place, folder: Path, made_at: datetime, files: int) -> Manifest:
    with Lake(place.database_url) as lake, lake.engine.connect() as connection:
        revision = migration.current(connection)
        documents = sum(each.documents for each in lake.collections())
        tables = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'data'"
        ).scalar_one()
    return Manifest(
        format=manifest.FORMAT,
        made_at=made_at,
        release=version("neurocortex"),
        revision=revision or "",
        documents=documents,
        tables=tables,
        files=files,
        models=str(place.folders[MODELS].path) if MODELS in place.folders else "",
        parts=tuple(map(manifest.part_of, sorted(folder.iterdir()))),
    )


def _holds_something(lake: Lake) -> bool:
    try:
        return bool(lake.loads(1))
    except LakeUnavailableError:  # never set up; where nothing answers, the restore will say so
        return False


def _written(folder: Path) -> None:
    """Wait until the disk has everything: a backup that a power failure undoes is none."""
    for path in (*folder.iterdir(), folder):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _put_back_keys(kept: Path, path: Path) -> None:
    if path.is_file() and path.read_bytes() != kept.read_bytes():
        path.replace(path.with_name(path.name + BEFORE))
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.new")
    shutil.copy2(kept, aside)
    aside.chmod(0o600)
    aside.replace(path)


@contextmanager
def _under_way(partial: Path) -> Iterator[Path]:
    """Make a folder for a backup, which is gone afterwards unless it got another name."""
    for abandoned in partial.parent.glob(f"*{_PARTIAL}"):
        # Left by who was killed: it holds personal data, and nobody would see it.
        lock = _locked(abandoned)
        if lock is not None:
            shutil.rmtree(abandoned)
            os.close(lock)
    partial.mkdir(parents=True, mode=0o700)
    lock = _locked(partial)
    try:
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _locked(folder: Path) -> int | None:
    """Lock a folder for as long as this process lives; None: another one has."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle
