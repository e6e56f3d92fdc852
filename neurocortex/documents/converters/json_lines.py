"""jsonl: one document per line, an object with its text and whatever else is known of it.

Source: https://jsonlines.org
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Final, cast

from neurocortex.documents.building import name_of
from neurocortex.documents.cleaning import clean, clean_line
from neurocortex.documents.decoding import encoding_of
from neurocortex.documents.refusal import refused, why
from neurocortex.documents.source import FILE, ROW, SourceFile
from neurocortex.domain.documents import Document
from neurocortex.domain.quarantine import Quarantined
from neurocortex.errors import EmptyFileError, MalformedRowError

_TEXT_FIELDS: Final = ("text", "content", "body")
_KEY_FIELD: Final = "id"
_TITLE_FIELD: Final = "title"


def convert(file: SourceFile) -> Iterator[Document | Quarantined]:
    """Yield each line as a document, named `path#key`; the key is its `id`, or the line's number.

    The text is the field `text`, `content` or `body`, the title `title`; all other fields become
    metadata, as text. Yields a Quarantined for a line that is no such object, or whose id was used
    before. Raises EmptyFileError, EncodingError, UnreadableFileError (binary).
    """
    encoding = encoding_of(file.path)
    used: dict[str, int] = {}
    number = 0
    with file.path.open(encoding=encoding) as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                yield _document(file, number, line.strip(), used)
            except MalformedRowError as error:
                yield refused(error, line.strip())
    if not number:
        raise EmptyFileError(str(file.path), "the file is empty")


def _document(file: SourceFile, number: int, line: str, used: dict[str, int]) -> Document:
    path = str(file.path)
    fields = _fields(path, number, line)
    name = next((name for name in _TEXT_FIELDS if name in fields), None)
    if name is None:
        raise MalformedRowError(
            path, f"it has none of the fields {', '.join(_TEXT_FIELDS)}", row=number
        )
    text = fields[name]
    if not isinstance(text, str):
        raise MalformedRowError(path, f"its field {name!r} is no text", row=number)
    key = clean_line(_as_text(fields.get(_KEY_FIELD))) or str(number)
    if key in used:
        raise MalformedRowError(
            path, f"its {_KEY_FIELD} {key[:80]!r} is that of line {used[key]}", row=number
        )
    used[key] = number
    others = {
        clean_line(other): clean(_as_text(value))
        for other, value in fields.items()
        if other not in (name, _KEY_FIELD, _TITLE_FIELD)
    }
    return Document(
        source=f"{path}#{key}",
        title=clean_line(_as_text(fields.get(_TITLE_FIELD))) or f"{name_of(file.path)} {key}",
        text=clean(text),
        media_type=file.media_type,
        checksum=hashlib.sha256(line.encode("utf-8", "surrogatepass")).hexdigest(),
        metadata={**others, FILE: path, ROW: str(number)},
    )


def _fields(path: str, number: int, line: str) -> Mapping[str, object]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise MalformedRowError(path, f"it is no JSON: {why(error)}", row=number) from error
    if not isinstance(value, dict):
        raise MalformedRowError(path, "it is no JSON object", row=number)
    return cast("dict[str, object]", value)


def _as_text(value: object) -> str:
    """Return a JSON value as the text of metadata; nothing for null."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
