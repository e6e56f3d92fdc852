"""Files on their way into a collection, and questions."""

from collections.abc import Sequence

from neurocortex.domain.quarantine import Quarantined
from neurocortex.errors.base import NeuroCortexError


class DocumentError(NeuroCortexError):
    """One file or row cannot be ingested. `rule` is the name its quarantine entry carries."""

    rule = "document"

    def __init__(self, source: str, reason: str, *, row: int | None = None) -> None:
        place = f"{source}, row {row}" if row is not None else source
        super().__init__(f"{place}: {reason}")
        self.source = source
        self.reason = reason
        self.row = row


class MissingPathError(DocumentError):
    """No file, folder or glob match there."""

    rule = "missing_path"


class UnreadableFileError(DocumentError):
    """No permission, a broken file, or a format NeuroCortex does not read."""

    rule = "unreadable"


class EncryptedFileError(DocumentError):
    """The file asks for a password."""

    rule = "encrypted"


class NoTextError(DocumentError):
    """The file holds no text, e.g. a scanned pdf."""

    rule = "no_text"


class EmptyFileError(DocumentError):
    """Nothing, or nothing but white space."""

    rule = "empty"


class FileTooLargeError(DocumentError):
    """Larger than `NEUROCORTEX_DOCUMENTS__MAX_FILE_MB`."""

    rule = "too_large"


class EncodingError(DocumentError):
    """The bytes are no text in any likely encoding."""

    rule = "encoding"


class MalformedRowError(DocumentError):
    """A csv row with too many or too few fields, a jsonl line that is no object, a used key."""

    rule = "malformed_row"


class NothingIngestedError(NeuroCortexError):
    """Nothing of what was given could be ingested. `refused` says why of each."""

    SHOWN = 5
    """Reasons in the text; a run's artifact lists all."""

    def __init__(self, refused: Sequence[Quarantined]) -> None:
        shown = "; ".join(f"{entry.source}: {entry.reason}" for entry in refused[: self.SHOWN])
        more = f"; and {len(refused) - self.SHOWN} more" if len(refused) > self.SHOWN else ""
        super().__init__(f"Nothing was ingested. {shown}{more}")
        self.refused = tuple(refused)


class QuestionError(NeuroCortexError):
    """A question that is empty or longer than `NEUROCORTEX_ANSWERS__MAX_QUESTION_CHARS`."""
