"""Reads files into documents; what cannot be read becomes a quarantine entry, never an error."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from neurocortex.documents.formats import FORMATS
from neurocortex.documents.refusal import refused, why
from neurocortex.documents.source import SourceFile
from neurocortex.domain.documents import Document
from neurocortex.domain.quarantine import Quarantined
from neurocortex.errors import DocumentError, EmptyFileError, MissingPathError, UnreadableFileError


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read from files."""

    documents: tuple[Document, ...]
    refused: tuple[Quarantined, ...]


def read(file: SourceFile) -> Reading:
    """Return what `file` holds. Raises nothing for a bad file: it is in `refused`."""
    return read_all((file,))


def read_all(files: Iterable[SourceFile]) -> Reading:
    """Return what all `files` hold, in order. Raises nothing for a bad file."""
    documents: list[Document] = []
    bad: list[Quarantined] = []
    for file in files:
        for found in stream(file):
            if isinstance(found, Document):
                documents.append(found)
            else:
                bad.append(found)
    return Reading(tuple(documents), tuple(bad))


def stream(file: SourceFile) -> Iterator[Document | Quarantined]:
    """Yield the documents of `file` one at a time, and a quarantine entry for what is none.

    A csv or jsonl file is never in memory as a whole. A file that turns out to be unreadable in
    its middle yields what came before, then its entry.
    """
    path = str(file.path)
    try:
        if file.size == 0:
            raise EmptyFileError(path, "the file is empty")
        yield from FORMATS[file.path.suffix.lower()].convert(file)
    except DocumentError as error:
        yield refused(error)
    except FileNotFoundError:
        yield refused(MissingPathError(path, "the file was there and is gone"))
    except OSError as error:
        yield refused(UnreadableFileError(path, f"it cannot be opened: {why(error)}"))
    except Exception as error:  # noqa: BLE001 - parsers raise anything on a broken file
        reason = f"it is no valid {file.path.suffix[1:]} file: {why(error)}"
        yield refused(UnreadableFileError(path, reason))
