"""What people are: their age, nationality, religion, occupation, and dates of their lives."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from neurocortex.privacy.entities import AGE, DATE_OF_BIRTH, DATE_TIME, NRP, TITLE, Span
from neurocortex.privacy.words import word_list

NAME: Final = "traits"

_AGES: Final = (
    re.compile(
        r"\b(\d{1,3})(?=[ -]?(?:years?|yrs?\.?)[ -]old\b|[ -]?y/?o\b|[ -]year[ -]old)",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:aged?|age of|ages|age:|age is|turn(?:ed|ing|s)?|just turned)\s+(\d{1,3})\b"
        r"(?!\s*(?:%|minutes|hours|days|weeks|months|degrees|times|to|pages))",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:when|since|until|before|after|at) (?:i|he|she|we|they|[A-Z]\w+) (?:was|were|turned)"
        r" (?:only |just |about )?(\d{1,3})\b(?=[.,;!?]|$)",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:i'm|i am|he is|she is|he's|she's) (\d{2})\b(?=[.,;!?]|$| and)", re.IGNORECASE
    ),
)
_OLDEST: Final = 122

_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_YEAR: Final = r"(?:1[89]|20)\d\d"
_TIME: Final = r"\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"
_DAY: Final = r"\d{1,2}(?:st|nd|rd|th)?"

# Where a pattern has a group, the group is the date.
_DATES: Final = (
    (rf"\b(?:{_DAY}(?: of)? {_MONTH}|{_MONTH} {_DAY})(?:,? {_YEAR})?\b", 0.6),
    (rf"\b{_MONTH} {_YEAR}\b", 0.6),
    (rf"\b{_YEAR}-\d\d-\d\d(?:[ T]{_TIME})?\b", 0.8),
    (r"\b\d{1,2}[/.]\d{1,2}[/.](?:1[89]|20)?\d\d\b", 0.6),
    (
        rf"\b(?:in|since|of|by|from|until|after|before|circa|year|is an?) ({_YEAR})\b(?![-/.]\d)",
        0.5,
    ),
)
_COMPILED_DATES: Final = tuple((re.compile(each, re.IGNORECASE), score) for each, score in _DATES)
_BORN: Final = re.compile(r"\b(?:born|birth|birthday|dob|d\.o\.b)\b[^\n]{0,20}$", re.IGNORECASE)

_HEAD: Final = (
    r"(?:administrator|manager|engineer|consultant|analyst|developer|designer|director|officer"
    r"|assistant|technician|specialist|supervisor|coordinator|accountant|attorney|lawyer|nurse"
    r"|physician|surgeon|teacher|professor|instructor|trainer|therapist|clerk|operator|worker|driver"
    r"|mechanic|electrician|plumber|carpenter|painter|writer|editor|reporter|journalist|architect"
    r"|scientist|researcher|representative|agent|broker|auditor|cashier|salesperson|secretary"
    r"|receptionist|librarian|pharmacist|psychologist|dentist|programmer|president|founder|chef|cook"
    r"|baker|butcher|farmer|pilot|guard|inspector|planner|buyer|packager|packer|installer|repairer"
    r"|machinist|welder|counselor|aide|attendant|guide|paralegal|estimator|examiner|biologist"
    r"|chemist|physicist|economist|statistician|interpreter|translator|photographer|producer|actor"
    r"|musician|singer|dancer|CEO|CTO|CFO)"
)
_OCCUPATIONS: Final = (
    (
        re.compile(
            rf"^(?:[A-Z][\w'-]*,? )?(?:[\w'-]+,? ){{0,5}}{_HEAD}$", re.MULTILINE | re.IGNORECASE
        ),
        0.6,
    ),
    (re.compile(rf"(?<=, the )(?:\w+ ){{0,3}}{_HEAD}(?=,)", re.IGNORECASE), 0.7),
    (re.compile(rf"\b(?:[A-Z]\w+ ){{1,3}}(?i:{_HEAD})\b(?=[,.\n]|$)"), 0.5),
)
_LONGEST_LINE: Final = 60
"""Characters of a line that is a job title."""


def ages(text: str) -> Iterator[Span]:
    """Yield the figures of people's ages."""
    for pattern in _AGES:
        for match in pattern.finditer(text):
            if int(match[1]) <= _OLDEST:
                yield Span(AGE, match.start(1), match.end(1), 0.75, NAME)


def dates(text: str) -> Iterator[Span]:
    """Yield dates and years; those of births are entities of their own."""
    for pattern, score in _COMPILED_DATES:
        for match in pattern.finditer(text):
            start, end = match.span(match.lastindex or 0)
            born = _BORN.search(text[max(0, start - 30) : start])
            entity = DATE_OF_BIRTH if born else DATE_TIME
            yield Span(entity, start, end, 0.85 if born else score, NAME)


def groups(text: str) -> Iterator[Span]:
    """Yield nationalities, religions and political groups."""
    for match in _group_pattern().finditer(text):
        yield Span(NRP, match.start(), match.end(), 0.7, NAME)


def occupations(text: str) -> Iterator[Span]:
    """Yield job titles that stand on a line of their own or behind a name."""
    for pattern, score in _OCCUPATIONS:
        for match in pattern.finditer(text):
            if len(match[0]) <= _LONGEST_LINE:
                yield Span(TITLE, match.start(), match.end(), score, NAME)


@lru_cache(maxsize=1)
def _group_pattern() -> re.Pattern[str]:
    """Return a pattern of all groups: with a capital, and without where no other word is meant."""
    known = sorted(word_list("groups"), key=len, reverse=True)
    inner = "|".join(map(re.escape, known))
    distinct = [name for name in known if len(name) > 6 and name.endswith(("an", "ese"))]
    plain = "|".join(map(re.escape, distinct))
    return re.compile(rf"\b(?:(?=[A-Z])(?i:{inner})|{plain})s?\b(?![-'’]\w)")
