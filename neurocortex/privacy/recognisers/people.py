"""People's names: by lists of names, by the words around them, and by how they are written."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from neurocortex.privacy.entities import PERSON, TITLE, Span
from neurocortex.privacy.words import Run, Word, is_family, is_given, is_ordinary, is_place

NAME: Final = "people"

LONGEST: Final = 5
"""Words in a name, at most; a longer run of capitals is a heading."""

_HONORIFIC: Final = re.compile(
    r"\b(?:mr|mrs|ms|miss|mx|dr|prof|professor|sir|madam|lady|lord|rev|fr|sr|herr|frau|mme|mlle)\b"
    r"\.?(?= )",
    re.IGNORECASE,
)
_ADDRESSED: Final = re.compile(rf"{_HONORIFIC.pattern}\s+$", re.IGNORECASE)
_INTRODUCED: Final = re.compile(
    r"(?:\b(?:name(?: in the account| on the card| is|'s| to|:)+"
    r"|(?:named?|calls?|called)(?: (?:him|her|me|them|us))?|starring|directed by|founders?:?"
    r"|i'm|i am|dear|hi|hello|hey|signed|meet|regards,|sincerely,"
    r"|contact|ask for|speak to|talk to|said|says|told|asked|met|cc:|attn:?|attention:?|patient:?"
    r"|client:?"
    r"|(?:brother|sister|mother|father|wife|husband|son|daughter|partner|friend|boss|uncle|aunt"
    r"|cousin|nephew|niece|colleague)(?:'s name(?: is)?)?,?)"
    r"|\bname:)\s*$",
    re.IGNORECASE,
)
_NEAR: Final = re.compile(r"\b(?:this is|it's|under|by|with|from)\s+$", re.IGNORECASE)
"""What stands before a name often, and before other things too."""

_ACTS: Final = re.compile(
    r"^(?:'s|’s)?,? (?:said|says|told|asked|wrote|replied|lives?|lived|works?|worked|was born|born"
    r"|is a|was a|is an|has been|is from|comes from|spent|had|gave|went|came|took|called|and his"
    r"|and her|died|married|moved|joined|thinks|wants|loves)\b"
)
_SPOKEN_TO_OR_SPEAKS: Final = re.compile(
    r"^:\s|^, (?:can|could|would|will|please|do|did|are|is|how|what|when|where|why|thanks|thank)\b"
)
_ENGLISH: Final = re.compile(
    r"(?:ly|ness|tion|sion|ing|ment|ous|ful|ism|ity|able|ible|ary|ship|less|ures?|ists?)s?$"
)
"""Ends of words that are in no list, and yet no names."""

_NAMELIKE: Final = re.compile(
    r"(?:[aeiou]vi[cćč]|[iou]v[aá]?|ev[aá]?|sson|ssen|sen|dott[ií]r|d[oó]ttir|sk[iyaá]|sky|sk[áý]"
    r"|wicz|czyk|czak|iak|enko|chuk|yan|oğlu|oglu|shvili|adze|poulos|idis|akis|escu|eanu"
    r"|ström|berg|quist|qvist|gren|lund|mann|meyer|hofer|bauer|stein|etti|elli|ucci|ini|ova|ová"
    r"|ez|nen|la[iy]nen|ainen|son|kov|nov|rov|shi|moto|mura|yama|kawa|guchi|czek|ák|ek)$"
)
_SHORTEST_SHAPED: Final = 5
"""Letters from which on the end of a word says something."""


def honorifics(text: str) -> Iterator[Span]:
    """Yield forms of address, `Mrs.` say, that stand before a name."""
    for match in _HONORIFIC.finditer(text):
        following = text[match.end() + 1 : match.end() + 2]
        dotted = match[0].endswith(".")
        if following.isupper() and (match[0][0].isupper() or dotted):
            yield Span(TITLE, match.start(), match.end(), 0.8, NAME)


def people(text: str, runs: Sequence[Run]) -> Iterator[Span]:
    """Yield names of people; `runs` are the text's words with capitals."""
    for run in runs:
        yield from _in_run(text, run)


def repeated(text: str, found: Sequence[Span], runs: Sequence[Run]) -> Iterator[Span]:
    """Yield where the parts of names that were found stand alone: `Curie` after `Marie Curie`."""
    parts = {
        word
        for span in found
        if span.entity == PERSON and span.score >= 0.5
        for word in text[span.start : span.end].split()
        if len(word) > 2 and word[0].isupper() and not is_ordinary(word)
    }
    for run in runs:
        for word in run:
            if word.text in parts:
                yield Span(PERSON, word.start, word.end, 0.55, NAME)


def _in_run(text: str, run: Run) -> Iterator[Span]:
    before = text[max(0, run[0].start - 40) : run[0].start]
    addressed = _ADDRESSED.search(before) is not None
    words = run if addressed else _without_opening(run)
    if not words or len(words) > LONGEST:
        return
    before = text[max(0, words[0].start - 40) : words[0].start]
    after = text[words[-1].end : words[-1].end + 20]
    score = _score(words)
    if addressed or _ADDRESSED.search(before):
        score = max(score, 0.85)
    elif score and _INTRODUCED.search(before):
        score += 0.2
    elif score and _NEAR.search(before):
        score += 0.1
    elif score and (_ACTS.match(after) or (words[0].opens and _SPOKEN_TO_OR_SPEAKS.match(after))):
        score += 0.17
    if score:
        yield Span(PERSON, words[0].start, words[-1].end, min(score, 0.95), NAME)


def _score(words: Run) -> float:
    """Return how much the words look like a name, 0 to 1.

    What counts is on which side of the finder's threshold, 0.4, the score is with and without the
    words around the name, and what it wins against where findings overlap.
    """
    if is_place(" ".join(word.text for word in words)):
        return 0
    full = [word for word in words if not word.is_initial]
    if not full:
        return 0
    given, family = is_given(full[0].text), is_family(full[-1].text)
    if len(words) > 1:
        if all(is_ordinary(word.text) for word in full):
            return 0.3 if given and family else 0
        if given:
            return 0.85
        if family or any(is_given(word.text) for word in full):
            return 0.7
        if any(_is_shaped(word) and not _is_english(word) for word in full):
            return 0.6
        looks_so = all(_is_title_case(word) and not _is_english(word) for word in full)
        return 0.42 if looks_so else 0
    return _score_of_one(full[0])


def _score_of_one(word: Word) -> float:
    if is_ordinary(word.text) or (word.text.isupper() and len(word.text) < _SHORTEST_SHAPED):
        return 0
    if is_given(word.text):
        return 0.65
    if is_family(word.text):
        return 0.5
    if word.text.isupper():
        return 0
    if _is_shaped(word) and _is_title_case(word):
        return 0.42
    # A word that nothing is known of: a name only where the words around it say so.
    return 0.25


def _is_title_case(word: Word) -> bool:
    """Tell whether only the first letter of each part is a capital, unlike in `DNA` and `CoV`."""
    return all(part[:1] + part[1:].lower() == part for part in word.text.split("-"))


def _is_english(word: Word) -> bool:
    return is_ordinary(word.text) or _ENGLISH.search(word.lower) is not None


def _is_shaped(word: Word) -> bool:
    return len(word.text) >= _SHORTEST_SHAPED and _NAMELIKE.search(word.lower) is not None


def _without_opening(run: Run) -> Run:
    """Leave out the ordinary words at the beginning: `Hello Anna`, `The Princess`, `Mr Bean`."""
    at = 0
    while at < len(run) and _is_no_beginning(run, at):
        at += 1
    end = len(run)
    while end - 1 > at and _is_no_end(run[end - 1]):
        end -= 1
    return run[at:end]


def _is_no_beginning(run: Run, at: int) -> bool:
    word = run[at]
    if _HONORIFIC.match(f"{word.text} "):
        return True
    if not is_ordinary(word.text) or (word.is_initial and at + 1 < len(run)):
        return False
    followed = at + 1 < len(run) and is_family(run[at + 1].text)
    return not (is_given(word.text) and followed)


def _is_no_end(word: Word) -> bool:
    return word.lower in {"street", "road", "i", "and", "the", "is"}
