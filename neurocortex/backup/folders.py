"""Files beside the databases, packed into one archive of a backup, and back in their folders."""

import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from neurocortex.errors import BackupError

COMPRESSION: Final = 1
"""Of gzip: models are packed already, and what is left is small."""

PIECE: Final = 1 << 20
"""Bytes read at a time."""

BEFORE: Final = ".before-restore"
"""Ends the name of a file that a restore puts another in the place of."""

SPECS: Final = ("*.yaml", "*.yml")
"""Files that people write."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of which files are kept."""

    path: Path
    patterns: tuple[str, ...] = ("*",)
    """Names of the files, at any depth."""

    def files(self) -> Iterator[Path]:
        """Yield the files, in the order of their names."""
        found = {path for pattern in self.patterns for path in self.path.rglob(pattern)}
        yield from sorted(path for path in found if path.is_file())


def pack(archive: Path, folders: Mapping[str, Folder]) -> int:
    """Write the files of folders, each under its name, to an archive; return how many.

    Of a link it is the file that it leads to: there is none of it in the archive otherwise.
    """
    count = 0
    with tarfile.open(archive, "w:gz", compresslevel=COMPRESSION, dereference=True) as packed:
        for name, folder in folders.items():
            for path in folder.files():
                packed.add(path, f"{name}/{path.relative_to(folder.path).as_posix()}")
                count += 1
    return count


def read_through(archive: Path) -> None:
    """Read all files of an archive, and throw them away.

    Raises:
        BackupError: it is damaged.
    """
    with _opened(archive) as packed:
        for member in packed:
            content = packed.extractfile(member)
            while content is not None and content.read(PIECE):
                pass


def unpack(archive: Path, folders: Mapping[str, Folder]) -> int:
    """Put the files of an archive into their folders; return how many were written.

    A file that is there in other words is kept beside it, as `NAME.before-restore`. What else is
    in the folders stays.

    Raises:
        BackupError: the archive is damaged, or a file cannot be written.
    """
    written = 0
    with _opened(archive) as packed:
        for member in packed:
            content = packed.extractfile(member)
            name, *inside = PurePosixPath(member.name).parts
            if content is not None and name in folders and ".." not in inside:
                written += _put(folders[name].path.joinpath(*inside), content.read())
    return written


@contextmanager
def _opened(archive: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(archive, "r:gz") as packed:
            yield packed
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BackupError(f"The files of {archive} cannot be put back: {error}.") from error


def _put(path: Path, content: bytes) -> bool:
    if path.is_file():
        if path.read_bytes() == content:
            return False
        path.replace(path.with_name(path.name + BEFORE))
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.new")
    aside.write_bytes(content)
    aside.replace(path)
    return True
