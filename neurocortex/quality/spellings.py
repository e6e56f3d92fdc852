"""Values that stand for no value, and letters that were read in a wrong encoding."""

import re
from collections.abc import Mapping
from typing import Final

PLAIN_MISSING: Final = frozenset(
    {"n/a", "#n/a", "<na>", "nan", "null", "(null)", "<null>", "\\n", "#null!", "#value!"}
)
"""How programs write a missing value; compared without case and surrounding blanks."""

WORDS_FOR_MISSING: Final = frozenset(
    {"na", "none", "nil", "unknown", "missing", "not available", "undefined", "tbd", "?", "-", "--"}
    | {"---", ".", "..", "*", "no data", "not applicable"}
)
"""How people write one. Each may be a word of its own in a column of text: NA is Namibia."""

MOJIBAKE: Final = r"Ã[\x80-\xbf]|Â[\xa0-\xbf]|â€|\ufffd|[\x80-\x9f]"
"""UTF-8 read as cp1252 or Latin-1, a character that was lost, a control character of Latin-1."""

_MOJIBAKE: Final = re.compile(MOJIBAKE)


def missing_spellings(counts: Mapping[str, int], *, is_text: bool) -> dict[str, int]:
    """Return which of a column's values stand for a missing one, with how often each is there.

    Args:
        counts: the column's values with their counts.
        is_text: whether the other values are words; then only what no person would write counts.
    """
    known = PLAIN_MISSING if is_text else PLAIN_MISSING | WORDS_FOR_MISSING
    return {
        value: count
        for value, count in counts.items()
        if (bare := value.strip().casefold()) in known or not bare
    }


def wrongly_decoded(value: str) -> bool:
    """Whether letters of it were read in a wrong encoding."""
    return _MOJIBAKE.search(value) is not None
