"""Finds the files that paths, folders and globs name."""

import glob
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from neurocortex.documents.formats import FORMATS
from neurocortex.documents.refusal import refused, shown, why
from neurocortex.documents.source import SourceFile
from neurocortex.domain.quarantine import Quarantined
from neurocortex.errors import (
    DocumentError,
    FileTooLargeError,
    MissingPathError,
    UnreadableFileError,
)

_MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found under the paths that were given."""

    files: tuple[SourceFile, ...]
    """Each file once, in the order of the paths given, by name within a folder."""
    refused: tuple[Quarantined, ...]
    skipped: int
    """Files within folders and globs whose format NeuroCortex does not read."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A file as it was come by."""

    path: Path
    named: bool
    """By the user, not found in a folder or by a glob: it is never skipped silently."""


def discover(paths: Sequence[str], *, max_file_mb: float) -> Discovery:
    """Return the readable files under `paths`: files, folders, globs (`**` too), `~`.

    Folders are searched to the bottom; hidden entries and folders met before are left out. What is
    missing, unreadable, of an unknown format though named, or larger than `max_file_mb` (MiB,
    judged before it is read) is refused with the reason. Raises nothing for a bad path.
    """
    found: list[_Found] = []
    files: list[SourceFile] = []
    bad: list[Quarantined] = []
    for path in paths:
        for each in _expand(path):
            if isinstance(each, DocumentError):
                bad.append(refused(each))
            else:
                found.append(each)
    unique = _once(found)
    wanted = [each for each in unique if each.named or each.path.suffix.lower() in FORMATS]
    for each in wanted:
        try:
            files.append(_examine(each.path, round(max_file_mb * _MIB)))
        except DocumentError as error:
            bad.append(refused(error))
    return Discovery(tuple(files), tuple(bad), len(unique) - len(wanted))


def _expand(text: str) -> Iterator[_Found | DocumentError]:
    """Yield the files that one path of the user stands for."""
    if not text.strip():
        yield MissingPathError("(blank)", "the path is blank")
        return
    path = Path(os.path.expanduser(text))  # noqa: PTH111 - Path's raises for an unknown user
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        if glob.has_magic(text):
            yield from _match(path.absolute())
        else:
            yield MissingPathError(shown(path.absolute()), "there is no such file or folder")
    except (OSError, ValueError) as error:  # no permission on the way, a name too long, a NUL
        yield UnreadableFileError(shown(path), f"the path cannot be followed: {why(error)}")
    else:
        yield from _walk(path) if _is_folder(path) else (_Found(_absolute(path), named=True),)


def _match(pattern: Path) -> Iterator[_Found | DocumentError]:
    """Yield what a glob matches, hidden entries only where the pattern names them."""
    magic = next(index for index, part in enumerate(pattern.parts) if glob.has_magic(part))
    base, wanted = Path(*pattern.parts[:magic]), Path(*pattern.parts[magic:])
    asks_hidden = any(_is_hidden(part) for part in wanted.parts)
    matched = False
    try:
        matches = sorted(base.glob(str(wanted)))
    except ValueError as error:  # e.g. a `**` that is only part of a name
        yield MissingPathError(shown(pattern), f"this is no pattern: {why(error)}")
        return
    for path in matches:
        if asks_hidden or not any(map(_is_hidden, path.relative_to(base).parts)):
            matched = True
            yield from _walk(path) if _is_folder(path) else (_Found(_absolute(path), named=False),)
    if not matched:
        yield MissingPathError(shown(pattern), "nothing matches this pattern")


def _walk(top: Path) -> Iterator[_Found | DocumentError]:
    """Yield the files below `top`. Each real folder is entered once, so links cannot loop."""
    entered: set[Path] = set()
    waiting = [top]
    while waiting:
        folder = Path(os.path.realpath(waiting.pop()))
        if folder in entered:
            continue
        entered.add(folder)
        try:
            entries = sorted(folder.iterdir())
        except OSError as error:
            yield UnreadableFileError(shown(folder), f"the folder cannot be read: {why(error)}")
            continue
        visible = [entry for entry in entries if not _is_hidden(entry.name)]
        waiting += reversed([entry for entry in visible if _is_folder(entry)])
        yield from (_Found(entry, named=False) for entry in visible if not _is_folder(entry))


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - Path's raises where permission is missing


def _is_hidden(name: str) -> bool:
    return name.startswith(".") and name not in (".", "..")


def _absolute(path: Path) -> Path:
    """Return the one name of a file: its folder without links, its own name kept."""
    return Path(os.path.realpath(path.parent)) / path.name


def _once(found: Iterable[_Found]) -> list[_Found]:
    """Return each real file once: under its own name if that was found, else its first link."""
    chosen: dict[str, _Found] = {}
    for each in found:
        real = os.path.realpath(each.path)
        before = chosen.get(real)
        if before is None:
            chosen[real] = each
        else:
            path = each.path if str(each.path) == real else before.path
            chosen[real] = _Found(path, before.named or each.named)
    return list(chosen.values())


def _examine(path: Path, limit: int) -> SourceFile:
    """Return the file with its size and hash. Raises a DocumentError if it cannot be read."""
    name = shown(path)
    if name != str(path):
        raise UnreadableFileError(name, "its name is not valid UTF-8: rename it")
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        known = ", ".join(FORMATS)
        raise UnreadableFileError(
            name, f"the format {path.suffix or '(no extension)'} is not read; known are {known}"
        )
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for its writer
            raise UnreadableFileError(name, "it is a device, a pipe or a socket, not a file")
        if status.st_size > limit:
            raise _too_large(name, status.st_size, limit)
        size, sha256 = _hash(path, limit)
    except FileNotFoundError as error:
        reason = "a link to a file that does not exist" if path.is_symlink() else "the file is gone"
        raise MissingPathError(name, reason) from error
    except OSError as error:
        raise UnreadableFileError(name, f"it cannot be opened: {why(error)}") from error
    return SourceFile(path, kind.media_type, size, sha256)


def _hash(path: Path, limit: int) -> tuple[int, str]:
    """Return size and sha256 of what can be read, which for a special file is not what it says."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_MIB):
            size += len(block)
            if size > limit:
                raise _too_large(shown(path), size, limit)
            digest.update(block)
    return size, digest.hexdigest()


def _too_large(name: str, size: int, limit: int) -> FileTooLargeError:
    return FileTooLargeError(
        name,
        f"{size / _MIB:,.1f} MB are more than the {limit / _MIB:,g} MB allowed"
        " (NEUROCORTEX_DOCUMENTS__MAX_FILE_MB): split the file, or raise the limit",
    )
