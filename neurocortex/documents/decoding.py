"""Which encoding a file is written in, and whether it is text at all.

The order is that of the WHATWG encoding standard where it has one: a byte order mark, then UTF-8
if every byte fits it, then what the format declares, then a guess of charset-normalizer that must
be clean. The file is read in blocks, so its size does not matter.
"""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from charset_normalizer import CharsetMatch, from_bytes

from neurocortex.errors import EmptyFileError, EncodingError, UnreadableFileError

_BLOCK: Final = 1 << 20
_SAMPLE: Final = 1 << 14
"""Bytes the guess is made from, judged as one piece: 20 ms. charset-normalizer's own five pieces
of 512 bytes can fall so that plain German looks like noise."""
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before utf-16: its mark begins with theirs
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS: Final = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")
"""Control bytes that text has no use for; ESC is left out for ISO-2022."""
_MAX_CONTROL_SHARE: Final = 0.01
"""A compressed or executable file has 5 to 40 of 100 bytes here, text practically none."""
_LIKELY: Final = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp932", "euc_jp", "gb18030", "big5"),
    *("cp949", "koi8_r", "cp1255", "cp1256", "iso8859_2", "mac_roman", "cp850"),
)
"""Encodings a guess may end in, the commonest first: it wins among those that fit equally."""
_MAX_CHAOS: Final = 0.1
"""charset-normalizer's share of improbable characters; random bytes are above, text below 0.08."""
_SAME_CHAOS: Final = 0.05
_SAME_COHERENCE: Final = 0.15


def encoding_of(path: Path, *, declared: str | None = None) -> str:
    """Return the name of the codec that decodes the whole file at `path` without an error.

    `declared` is what the file says of itself, e.g. in an html meta element. Raises
    EmptyFileError, UnreadableFileError (binary), EncodingError (no likely encoding fits).
    """
    source = str(path)
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
    if len(head) < _SAMPLE and not head.strip():
        raise EmptyFileError(source, "the file is empty")
    for mark, name in _BOMS:
        if head.startswith(mark):
            if _misfit(path, name) is None:
                return name
            raise EncodingError(
                source, f"it begins with the mark of {name} but is not valid {name}"
            )
    _refuse_binary(path)
    misfit = _misfit(path, "utf-8")
    if misfit is None:
        return "utf-8"
    for name in filter(None, (declared, _guess(path, misfit))):
        if _is_text_codec(name) and _misfit(path, name) is None:
            return name
    raise EncodingError(
        source,
        f"byte {misfit} is not valid UTF-8, and no other likely encoding fits."
        " Save the file as UTF-8",
    )


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def _refuse_binary(path: Path) -> None:
    size = controls = 0
    for block in _blocks(path):
        if b"\0" in block:
            raise UnreadableFileError(
                str(path), "it holds NUL bytes: a binary file, not text as its name says"
            )
        size += len(block)
        controls += len(_CONTROLS.findall(block))
    if controls > size * _MAX_CONTROL_SHARE:
        raise UnreadableFileError(
            str(path),
            f"{controls / size:.0%} of its bytes are control characters:"
            " a binary file, not text as its name says",
        )


def _misfit(path: Path, encoding: str) -> int | None:
    """Return the offset near which `encoding` fails to decode the file; None if it does not."""
    decoder = codecs.getincrementaldecoder(encoding)()
    offset = 0
    try:
        for block in _blocks(path):
            pending = len(decoder.getstate()[0])
            decoder.decode(block)
            offset += len(block)
        pending = 0
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        return offset - pending + (error.start if isinstance(error, UnicodeDecodeError) else 0)
    return None


def _guess(path: Path, misfit: int) -> str | None:
    """Return the likeliest legacy encoding of the bytes around the first that is not UTF-8."""
    with path.open("rb") as file:
        file.seek(max(misfit - _SAMPLE // 2, 0))
        sample = file.read(_SAMPLE)
    if len(sample) == _SAMPLE:  # whole lines, so that no character is cut in two
        sample = sample[sample.find(b"\n") + 1 : sample.rfind(b"\n") + 1] or sample
    matches = from_bytes(
        sample, steps=1, chunk_size=_SAMPLE, cp_isolation=[*_LIKELY], enable_fallback=False
    )
    best = matches.best()
    if best is None or best.chaos > _MAX_CHAOS:
        return None
    fitting: set[str] = set()
    for match in matches:
        if _as_good(match, best):
            fitting |= {match.encoding, *(same.encoding for same in match.submatch)}
    return next((name for name in _LIKELY if name in fitting), None)


def _as_good(match: CharsetMatch, best: CharsetMatch) -> bool:
    return (
        match.chaos <= best.chaos + _SAME_CHAOS
        and match.coherence >= best.coherence - _SAME_COHERENCE
    )


def _is_text_codec(name: str) -> bool:
    try:
        b"a".decode(name)
    except LookupError:  # also where it encodes no text, as hex
        return False
    except UnicodeError:  # a byte alone is no text in utf-16
        return True
    return True
