"""How values are written: the form of one value, and the pattern that a column's values agree on.

Forms are tried from the strictest on, so that a value has exactly one. Where a column is text, its
values are generalised to shapes, in which each letter and digit stands for its class; a column of
codes has a few of them. After Auto-Validate (Song and He 2021) and the pattern features of Raha
(Mahdavi et al. 2019).
"""

import re
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Final, NamedTuple

NUMBER: Final = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
INTEGER: Final = r"[+-]?[0-9]{1,18}"

MOST: Final = 0.97
"""Share of a column's values that few shapes must cover for it to be one of codes."""

MOST_SHAPES: Final = 3

MIN_SHARE: Final = 0.02
"""Share of a column's values that one of these shapes must have."""

LONGEST_CODE: Final = 40
"""Characters. What is longer is prose."""

LONGEST_UNIT: Final = 20
"""Characters. What is longer is no unit."""


_CLASSES: Final = str.maketrans(
    ascii_uppercase + ascii_lowercase + digits, "A" * 26 + "a" * 26 + "9" * 10
)


class Form(StrEnum):
    """A way to write a value."""

    INTEGER = "a whole number"
    NUMBER = "a number"
    PERCENT = "a number with %"
    COMMA = "a number with a decimal comma"
    GROUPED = "a number with its thousands apart"
    DATE = "a date like 2019-01-31"
    TIMESTAMP = "a time like 2019-01-31 23:59:59"
    DATE_DOTS = "a date like 31.01.2019"
    DATE_SLASHES = "a date like 31/01/2019 or 01/31/2019"
    DATE_WORDS = "a date like 31 Jan 2019"
    QUANTITY = "a number with a unit"
    TEXT = "text"


NUMERIC: Final = frozenset(
    {Form.INTEGER, Form.NUMBER, Form.PERCENT, Form.COMMA, Form.GROUPED, Form.QUANTITY}
)
TEMPORAL: Final = frozenset(
    {Form.DATE, Form.TIMESTAMP, Form.DATE_DOTS, Form.DATE_SLASHES, Form.DATE_WORDS}
)

PATTERNS: Final[Mapping[Form, str]] = {
    Form.INTEGER: INTEGER,
    Form.NUMBER: NUMBER,
    Form.PERCENT: NUMBER + r" ?%",
    Form.GROUPED: r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?",
    Form.COMMA: r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+),[0-9]+",
    Form.DATE: r"[0-9]{4}-[01][0-9]-[0-3][0-9]",
    Form.TIMESTAMP: (
        r"[0-9]{4}-[01][0-9]-[0-3][0-9][ T][0-2][0-9]:[0-5][0-9](?::[0-6][0-9](?:\.[0-9]{1,6})?)?"
        r"(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
    ),
    Form.DATE_DOTS: r"[0-3]?[0-9]\.[01]?[0-9]\.[0-9]{4}",
    Form.DATE_SLASHES: r"[0-3]?[0-9]/[0-3]?[0-9]/[0-9]{4}",
    Form.DATE_WORDS: (
        r"(?:[0-3]?[0-9][ -][A-Z][a-z]{2,8}[ -]|[A-Z][a-z]{2,8} [0-3]?[0-9], ?)[0-9]{4}"
    ),
}
"""Regular expressions that match the whole value, from the strictest form on."""

_COMPILED: Final = {form: re.compile(pattern) for form, pattern in PATTERNS.items()}
_QUANTITY: Final = re.compile(rf"[$€£]?({NUMBER})\s*([^\s\d][^\d]*)?")


class Written(NamedTuple):
    """How a value is written."""

    form: Form
    unit: str = ""
    """What stands around the number, as it is written; only of a quantity."""


def written(value: str) -> Written:
    """Return the form of a value."""
    for form, pattern in _COMPILED.items():
        if pattern.fullmatch(value):
            return Written(form)
    found = _QUANTITY.fullmatch(value)
    if found and len(value) - len(found[1]) <= LONGEST_UNIT:
        return Written(Form.QUANTITY, value.replace(found[1], "", 1))
    return Written(Form.TEXT)


def shape(value: str) -> str:
    """Return a value with `A` for capitals, `a` for small letters, `9` for digits, all of ASCII."""
    return value.translate(_CLASSES)


def code_pattern(counts: Mapping[str, int]) -> str | None:
    """Return the regular expression of a column of codes, or None if its values are no codes.

    Args:
        counts: the column's values with their counts.
    """
    shapes: Counter[str] = Counter()
    for value, count in counts.items():
        if len(value) > LONGEST_CODE or any(each.isspace() for each in value):
            shapes[""] += count  # prose, whatever its shape
        else:
            shapes[shape(value)] += count
    total = shapes.total()
    chosen = [
        each
        for each, count in shapes.most_common(MOST_SHAPES)
        if each and count > MIN_SHARE * total
    ]
    if len(chosen) > 1 and not all("9" in each for each in chosen):
        return None  # words of several lengths: the next one may have another
    if not chosen or sum(shapes[each] for each in chosen) < MOST * total:
        return None
    return "|".join(sorted(_expression(each) for each in chosen))


def _expression(of_shape: str) -> str:
    """Return the regular expression of one shape: `AA-99` is `[A-Z]{2}-[0-9]{2}`."""
    classes = {"9": "[0-9]", "A": "[A-Z]", "a": "[a-z]"}
    parts = []
    for run in re.finditer(r"(.)\1*", of_shape):
        times = len(run[0])
        unit = classes.get(run[1], re.escape(run[1]))
        parts.append(unit if times == 1 else f"{unit}{{{times}}}")
    return "".join(parts)
