"""What kind of answer a question asks for, and by what a sentence that gives it is known.

The question types are those of Li & Roth (2002, "Learning Question Classifiers") that leave a
mark on the surface of a sentence: a number, a date, a name, a reason.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

_NUMBER: Final = (
    r"(?:\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?"
    r"|hundreds?|thousands?|millions?|billions?|half|third|quarter)\b)"
)
_MONTH: Final = (
    r"\b(?:january|february|march|april|may|june|july|august|september|october|november|december)\b"
)
_HOW_TO: Final = r"^\s*how (?:to|(?:can|could|do|may|must|should) (?:i|one|people|we|you))\b"
_DO: Final = (
    "Add|Call|Change|Choose|Click|Copy|Create|Delete|Edit|Enter|Give|Go|Install|Make|Open|Press"
    "|Put|Remove|Run|Select|Set|Start|Stop|Take|Turn|Type|Use|Write"
)
"""Verbs that instructions begin with."""


class Cue(NamedTuple):
    """One kind of question, and the mark its answers carry."""

    asked: re.Pattern[str]
    given: re.Pattern[str]


def _cue(asked: str, given: str, *, case: bool = False) -> Cue:
    return Cue(re.compile(asked, re.IGNORECASE), re.compile(given, 0 if case else re.IGNORECASE))


CUES: Final = (
    _cue(  # a share
        r"\b(?:percent\w*|proportion|fraction|share|rate|prevalence|incidence|mortality"
        r"|sensitivity|specificity|odds|risk ratio|probability)\b",
        r"\d\s?%|\bper ?cent|\d\s*/\s*\d|\d\.\d|\bper 1",
    ),
    _cue(  # a count or a measure
        r"\bhow (?:many|much|large|big|often|frequent\w*|far|fast|high|small|tall)\b"
        r"|\b(?:what|which) (?:(?:is|are|was|were) )?(?:the )?(?:\w+ ){0,2}(?:number|size|average"
        r"|mean|median|amount|cost|price|dose|ratio|range|limit|temperature|concentration|length"
        r"|port|version|default|reproduct\w*)\b",
        _NUMBER,
    ),
    _cue(  # a span of time, an age
        r"\bhow (?:long|old)\b|\b(?:duration|period|age|ages|incubation)\b",
        _NUMBER + r"[\w–-]*\s*(?:(?:to|and|-|–)\s*\d+\s*)?(?:milli)?"
        r"(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|ms|s|h|d|wk)\b"
        r"|\b(?:age|years old)\b",
    ),
    _cue(  # a point in time
        r"\bwhen\b|\b(?:what|which) (?:year|date|month|day|time)\b",
        rf"\b(?:1[5-9]|20)\d\d\b|{_MONTH}|\b(?:century|decade|after|before|during|since|until)\b",
    ),
    _cue(  # a person or a body
        r"\bwho(?:m|se)?\b",
        r"\b[A-Z]\w+ (?:[A-Z]\.? ?)*[A-Z]\w+|\b[A-Z]{2,}\b|\b(?:researchers|scientists|group"
        r"|authors|team|president|director|clinicians|physicians|users?|administrators?)\b",
        case=True,
    ),
    _cue(  # a place
        r"\bwhere\b|\b(?:what|which) (?:\w+ )?(?:country|city|place|region|province|countries"
        r"|cities|location|folder|file)\b",
        r"\b(?:in|at|from|near|of|on|within|into|under)\s+(?:the\s+)?(?:[a-z]+ )?\S+",
    ),
    _cue(  # a reason
        r"\bwhy\b|\bwhat (?:cause|reason|lead|led|explain)|\breasons?\b",
        r"\b(?:because|due to|since|caus\w*|result\w*|therefore|thus|lead\w*|led|reasons?|owing"
        r"|so that|in order to|consequence|explain\w*|attribut\w*)\b",
    ),
    _cue(  # an instruction
        _HOW_TO,
        rf"^(?:\d+\.\s|[-*]\s)?(?:{_DO})\b|^To [a-z]+ |, (?:then )?(?:{_DO.lower()})\b",
        case=True,
    ),
    _cue(  # a way
        rf"(?!{_HOW_TO})^\s*how (?:can|do|does|did|is|are|was|were|has|have|could|should)\b",
        r"\b(?:by|through|via|using|use|with|based on|according)\b",
    ),
    _cue(  # a definition
        r"^\s*what (?:is|are|was|were) (?:an? |the )?[\w-]+(?: [\w-]+)?\s*\??$"
        r"|\b(?:stand for|definition|define[ds]?|mean|acronym)\b",
        r"^[\w -]{1,40}\s?[:—–]\s"
        r"|\b(?:is|are|was|were) (?:an?|the|defined|one|known|members?|composed)\b"
        r"|\b(?:defined|refers? to|known as|called|consists?|stands? for|i\.e\.|means?)\b"
        r"|\w \((?-i:[A-Z])",
    ),
    _cue(  # several things
        r"^\s*(?:what|which) (?:are|were|\w+s (?:are|were|have|can|could|do))\b"
        r"|\bname (?:some|the)\b|\bexamples?\b|\bsome\b",
        r"(?:[^,;]+[,;]){2}|\bincluding\b|\bsuch as\b|\(1\)|\(i\)",
    ),
)
_WHAT_IS: Final = re.compile(
    r"\s*what (?:is|are|was|were) (?:an? |the )?(?P<term>[\w-]+(?: [\w-]+)?)\s*\??", re.IGNORECASE
)
_TO_DO: Final = re.compile(rf"{_HOW_TO}\s+(?P<verb>\w+).*", re.IGNORECASE)
_INTERROGATIVE: Final = re.compile(
    r"\bhow (?:many|much|long|old|often|far|fast|high|large|big|small|tall|frequently)\b"
    r"|\b(?:what|which) (?:years?|dates?|months?|days?|times?|kinds?|types?|sorts?)\b",
    re.IGNORECASE,
)
_REFERENCE: Final = re.compile(r"\[[\d,\s–-]{1,40}\]|\(\d{4}\)")
_WITH_DIGIT: Final = re.compile(r"\w*\d\w*")


def subject(question: str) -> str:
    """Return `question` without the words that only ask, as "how many": no answer repeats them."""
    return _INTERROGATIVE.sub(" ", question)


def asked(question: str) -> Sequence[Cue]:
    """Return the cues of the kinds of answer that `question` asks for; often none."""
    return [*(cue for cue in CUES if cue.asked.search(question)), *_beginning(question)]


def _beginning(question: str) -> Iterator[Cue]:
    """Yield what a sentence begins with that answers this very question.

    "A gate is" for "What is a gate?", "To add" for "How do I add a gate?".
    """
    if what := _WHAT_IS.fullmatch(question):
        term = rf"(?:an? |the )?{re.escape(what['term'])}s?(?: \([^)]*\))?"
        copula = r"\s?(?: is| are| means|:|—|–)\s"
        yield Cue(_WHAT_IS, re.compile(rf"^(?:[-*]\s)?{term}{copula}", re.IGNORECASE))
    elif how := _TO_DO.fullmatch(question):
        yield Cue(_TO_DO, re.compile(rf"^(?:[-*]\s)?to {how['verb']}\b", re.IGNORECASE))


def met(cues: Sequence[Cue], sentence: str, question: str) -> int:
    """Return how many of the `cues` the sentence gives.

    Numbers the question itself names do not count, nor do those of literature references.
    """
    if not cues:
        return 0
    named = set(_WITH_DIGIT.findall(question.casefold()))
    rest = _WITH_DIGIT.sub(
        lambda number: "" if number[0].casefold() in named else number[0],
        _REFERENCE.sub(" ", sentence),
    )
    return sum(cue.given.search(rest) is not None for cue in cues)
