"""Numbers of phones, cards and papers: by their form, their check digit, and the words around."""

import re
from collections.abc import Iterator
from typing import Final

from neurocortex.privacy.entities import CREDIT_CARD, PHONE_NUMBER, US_DRIVER_LICENSE, US_SSN, Span

NAME: Final = "numbers"

_PHONE: Final = re.compile(
    r"(?<![\w.,/-])(?:\+|00)?(?:\(0?\d{1,4}\)|\d{1,4})(?:[ .\-/]{0,2}(?:\(\d{1,4}\)|\d{2,5})){1,6}"
    r"(?:\s?(?:x|ext\.?)\s?\d{1,5})?(?![\w-])"
)
_PHONE_DIGITS: Final = range(7, 16)
"""E.164 allows 15 digits; local numbers have 7."""
_CALLED: Final = re.compile(
    r"\b(?:phone|tel|telephone|mobile|cell|fax|call(?:ed|ing)?|desk|text|sms|whatsapp|number is"
    r"|reach(?:ed)?|contact|dial|ring|answering|registered|messages to)\b[^\d\n]{0,30}\s*\S{0,3}$",
    re.IGNORECASE,
)
_SEPARATED: Final = re.compile(r"\d[ .\-/()]+\d")
_DATE: Final = re.compile(r"\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4}")

_CARD: Final = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){11,18}(?![\w-])")
_CARD_WORDS: Final = re.compile(
    r"\b(?:cards?|cc|credit|debit|visa|mastercard|amex|maestro|jcb|diners|discover)\b",
    re.IGNORECASE,
)
_SSN: Final = re.compile(
    r"(?:social security|ssn|ss#)[^\d\n]{0,20}(\d{3}[- ]?\d{2}[- ]?\d{4})\b", re.IGNORECASE
)
_LICENCE: Final = re.compile(
    r"driv(?:er|ing)(?:'?s|s')? (?:licen[cs]e)(?: number| no\.?| id| #)?(?: is|:|,)?\s+"
    r"((?=[\w-]*\d)[A-Z\d][A-Z\d-]{4,17}(?: \d{2,6}){0,3})\b",
    re.IGNORECASE,
)


def phones(text: str) -> Iterator[Span]:
    """Yield phone numbers in any country's form; without separators only where called so."""
    for match in _PHONE.finditer(text):
        number = match[0]
        digits = sum(character.isdigit() for character in number)
        if digits not in _PHONE_DIGITS:
            continue
        if _CALLED.search(text[max(0, match.start() - 50) : match.start()]):
            score = 0.8
        elif _DATE.fullmatch(number):
            continue
        elif number.startswith(("+", "00", "(")) or _is_grouped(number):
            score = 0.55
        else:
            continue
        yield Span(PHONE_NUMBER, match.start(), match.end(), score, NAME)


def cards(text: str) -> Iterator[Span]:
    """Yield card numbers: 12 to 19 digits with a right check digit, or called a card's."""
    for match in _CARD.finditer(text):
        digits = [int(character) for character in match[0] if character.isdigit()]
        around = text[max(0, match.start() - 60) : match.end() + 30]
        called = _CARD_WORDS.search(around) is not None
        if is_luhn(digits) and digits[0] in range(1, 7):
            yield Span(CREDIT_CARD, match.start(), match.end(), 0.95 if called else 0.6, NAME)
        elif called:
            yield Span(CREDIT_CARD, match.start(), match.end(), 0.6, NAME)


def papers(text: str) -> Iterator[Span]:
    """Yield numbers of papers that are called so: social security, driver's licence."""
    for match in _SSN.finditer(text):
        yield Span(US_SSN, match.start(1), match.end(1), 0.9, NAME)
    for match in _LICENCE.finditer(text):
        yield Span(US_DRIVER_LICENSE, match.start(1), match.end(1), 0.9, NAME)


def is_luhn(digits: list[int]) -> bool:
    """Tell whether the last digit checks the others (ISO/IEC 7812-1, annex B)."""
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_grouped(number: str) -> bool:
    """Tell whether it is written in three groups or more, as phone numbers are."""
    return len(_SEPARATED.findall(number)) + len(re.findall(r"[ .\-/]+", number)) >= 3
