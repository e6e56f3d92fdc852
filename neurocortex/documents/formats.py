"""The formats NeuroCortex reads: the one table of extensions."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from neurocortex.documents.converters import (
    csv_rows,
    docx_file,
    html_page,
    json_lines,
    markdown,
    pdf,
    plain_text,
)
from neurocortex.documents.source import Converter


@dataclass(frozen=True, slots=True)
class Format:
    """What a file of this extension is, and what reads it."""

    media_type: str
    convert: Converter


_TEXT: Final = Format("text/plain", plain_text.convert)
_MARKDOWN: Final = Format("text/markdown", markdown.convert)
_HTML: Final = Format("text/html", html_page.convert)

FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {
        ".txt": _TEXT,
        ".md": _MARKDOWN,
        ".markdown": _MARKDOWN,
        ".html": _HTML,
        ".htm": _HTML,
        ".pdf": Format("application/pdf", pdf.convert),
        ".docx": Format(
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            docx_file.convert,
        ),
        ".csv": Format("text/csv", csv_rows.convert),
        ".jsonl": Format("application/jsonl", json_lines.convert),
    }
)
"""By extension, in lower case."""
