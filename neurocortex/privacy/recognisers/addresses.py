"""Street addresses: a number beside the name of a street, with what follows up to the country."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from neurocortex.privacy.entities import ADDRESS, Span

NAME: Final = "addresses"

_ENGLISH: Final = (
    "alley annex arcade avenue bayou beach bend bluff boulevard branch bridge brook bypass camp "
    "canyon cape causeway circle cliff common corner course court cove creek crescent crest "
    "crossing crossroad curve dale dam drive estate expressway extension falls ferry field flat "
    "ford forest forge fork fort freeway garden gateway glen green grove harbor haven heights "
    "highway hill hollow inlet island isle junction key knoll lake landing lane lodge loop mall "
    "manor meadow mews mill mission motorway mount mountain orchard oval overpass park parkway "
    "pass passage path pike pine place plain plaza point port prairie ramp ranch rapid ridge "
    "river road route row run shoal shore skyway spring spur square station stream street "
    "summit terrace trace track trail tunnel turnpike underpass union valley viaduct view "
    "village vista walk way well"
)
"""Most of the street suffixes of the US Postal Service (Publication 28, C1), in full."""

_STREET: Final = (
    rf"(?:(?:{'|'.join(_ENGLISH.split())})s?|str|st|ave|av|rd|blvd|ln|dr|ct|pl|sq|hwy|pkwy|close|quay"
    r"|rue|via|viale|corso|piazza|calle|avenida|paseo|carrera|rua|travessa|praça|strada|ulica"
    r"|ulice|ul|u|utca|út|útja|tér|tere|cesta|trg|chemin|allée|impasse|platz|allee|weg|gasse|ring"
    r"|chaussee|laan|plein|gracht|kade|sokak|cadde(?:si)?|terrasse)"
)
_STREET_END: Final = (
    r"(?:stra(?:ss|ß)e|str|gasse|weg|platz|allee|ring|damm|straat|laan|weg|plein|gracht|kade|gata"
    r"|gatan|gate|gaten|vegen|veien|vägen|väg|vej|gade|stræde|katu|tie|kuja|polku|vollen|braut"
    r"|stígur|vegur|utca|ska|ská|skaya|ova|ého|ulica)"
)
_NUMBER: Final = r"\d{1,6}[A-Za-z]?(?:[-/]\d{1,5}[A-Za-z]?)?"
# Words are bounded, so that a text made for it cannot keep a pattern busy.
_WORD: Final = r"[^\W\d_]{1,30}(?:['’.-][^\W\d_]{1,30}){0,3}\.?"
_CAPITAL: Final = (
    r"(?:[A-ZÀ-ÖØ-ÞŠŽČĆĐŁŚŻŐŰİΆ-ΫΑ-ΩА-Я][^\W\d_]{0,30}(?:['’.-][^\W\d_]{1,30}){0,3}\.?)"
)
_NAME_WORD: Final = (
    rf"(?:{_CAPITAL}|de|dei|del|della|delle|degli|des|der|den|la|le|van|von|da|do|dos|du|of|u"
    r"|\d{1,3}(?:st|nd|rd|th))"
)
_UNIT: Final = (
    r"(?:apt\.?|apartment|suite|ste\.?|unit|flat|floor|room|bldg\.?|building|p\.? ?o\.? box|box|#)"
    r"\s*\#?\w{1,6}"
)
_PLACE: Final = rf"(?:{_CAPITAL}(?: {_NAME_WORD}){{0,3}}(?: \([^\W\d_ ]{{3,20}}\))?)"
_POSTCODE: Final = r"(?:[A-Z]{1,2}-)?\d{3,6}(?:-\d{3,4})?|[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}"
_TAIL: Final = (
    rf"(?:[\s,]+(?i:{_UNIT})\b(?: {_PLACE}(?= |[,.?!\n]|$))?)*"
    rf"(?:\s*(?:,|\n)[\s,]*(?:{_PLACE}(?:[ ,]+(?:{_POSTCODE})\b)?|(?:{_POSTCODE})\b)){{0,4}}"
)

_PREFIX: Final = (
    r"(?i:rue|via|viale|calle|avenida|avenue|rua|ulica|piazza|plaza|paseo|carrer|chemin)|[Uu]l\.|C/"
)
_MILITARY: Final = r"(?i:APO|FPO|DPO),? ?(?i:A[AEP]) \d{5}(?:-\d{4})?\b"


class _Form(NamedTuple):
    """One way to write an address."""

    pattern: re.Pattern[str]
    score: float


def _form(score: float, *parts: str) -> _Form:
    return _Form(re.compile("".join(parts)), score)


_FORMS: Final = (
    # 12 Baker Street, Apt. 4\n London, United Kingdom 12345
    _form(
        0.88,
        rf"\b(?:{_NUMBER} )?{_NUMBER},? (?:{_NAME_WORD} ){{1,4}}(?i:{_STREET})\b\.?",
        rf"(?: {_NUMBER}\b)?{_TAIL}",
    ),
    # 19902 Dobrovského 1394 Apt. 066\nSt Georges, QC 54256
    _form(
        0.88,
        rf"\b{_NUMBER} {_NAME_WORD}(?: {_NAME_WORD}){{0,3}}(?: {_NUMBER})?[\s,]+(?i:{_UNIT})",
        _TAIL,
    ),
    # The same in small letters.
    _form(
        0.86,
        rf"(?i:\b(?:{_NUMBER} )?{_NUMBER} {_WORD}(?: {_WORD}){{0,3}}(?: {_NUMBER})?[\s,]+",
        rf"(?:apt\.?|suite|unit) ?\d{{1,5}}\b(?:\s*[,\n]\s*{_WORD}(?: {_WORD}){{0,2}}){{0,2}}",
        rf"(?:[ ,]+(?:{_POSTCODE})\b)?)",
    ),
    # 5366 Pivovarská 276
    _form(0.8, rf"\b\d{{2,6}} {_CAPITAL}(?: {_NAME_WORD}){{0,2}} {_NUMBER}\b{_TAIL}"),
    _form(0.62, rf"(?i:\b\d{{2,6}} {_WORD}(?: {_WORD})? \d{{1,5}}\b(?= ?(?:st|street)?\.?$))"),
    # Hauptstraße 5, 12345 Berlin
    _form(0.8, rf"\b(?:{_NAME_WORD} )?[^\W\d_]{{2,25}}{_STREET_END}\.? {_NUMBER}\b{_TAIL}"),
    # Rue de Rivoli 5, ul. Miła 53, Calle Mayor 12
    _form(
        0.84,
        rf"\b(?:{_NUMBER} ){{0,2}}(?:{_PREFIX}) {_WORD}(?: {_NAME_WORD}){{0,3}},?",
        rf" {_NUMBER}\b{_TAIL}",
    ),
    _form(0.8, rf"\b(?:{_NUMBER} ){{1,2}}(?:{_PREFIX}) (?:{_NAME_WORD} ){{0,2}}{_WORD}{_TAIL}"),
    # Király u. 15
    _form(0.84, rf"\b{_WORD}(?: {_WORD})? (?:u|út|útja|utca|tér)\.? {_NUMBER}\b\.?{_TAIL}"),
    # Baker Street
    _form(
        0.6,
        rf"\b{_CAPITAL}(?: {_NAME_WORD}){{0,2}} (?:Street|St\.|Avenue|Ave\.|Road|Rd\.|Boulevard",
        r"|Blvd\.|Lane|Drive|Terrace|Square|Turnpike)(?![^\W_])",
    ),
    # 24 Main\n London, UK 12345: the number at the end says what it is
    _form(
        0.84,
        rf"\b{_NUMBER} {_NAME_WORD}(?: {_NAME_WORD}){{0,3}}(?:\s*[,\n][\s,]*{_PLACE}){{1,3}}",
        rf"[ ,\n]+(?:{_POSTCODE})\b",
    ),
    _form(
        0.98,
        rf"\bthe corner of (?:{_NUMBER} )?{_WORD}(?: {_NAME_WORD}){{0,3}}(?: {_NUMBER})?",
        rf" and (?:{_NUMBER} )?{_WORD}(?: {_NAME_WORD}){{0,3}}(?: {_NUMBER}\b)?",
    ),
    # Military addresses of the USA
    _form(0.95, rf"\b(?i:PSC|Unit|CMR) \d{{1,5}},? (?i:box) \d{{1,5}}\s+{_MILITARY}"),
    _form(0.95, rf"\bUS(?:S|NS|NV|CGC) [^\W\d_]+\s+{_MILITARY}"),
    # Post boxes
    _form(
        0.85,
        r"\b(?i:p\.? ?o\.? box|postbox|postfach|post office box|apartado|boîte postale)",
        rf" \d{{1,6}}\b{_TAIL}",
    ),
    _form(0.6, rf"\b(?i:apt\.|apartment|suite) ?\d{{1,5}}\b{_TAIL}"),
)

_CALLED: Final = re.compile(
    r"(?i:\b(?:address(?:es)?(?: is|:|'s)+|lives? (?:on|at)|lived (?:on|at)|located (?:at|on)"
    r"|side of|corner of|deliver(?:ed)? to|ship(?:ped)? to|sent? to|address:?))\s+"
    rf"((?:{_NUMBER} ){{0,2}}{_CAPITAL}(?: {_NAME_WORD}){{0,3}} {_NUMBER}\b{_TAIL}"
    rf"|(?:{_NUMBER} ){{1,2}}{_CAPITAL}(?: {_NAME_WORD}){{0,3}}(?: {_NUMBER})?{_TAIL})"
)


def addresses(text: str) -> Iterator[Span]:
    """Yield street addresses and post boxes."""
    for form in _FORMS:
        for match in form.pattern.finditer(text):
            yield Span(ADDRESS, match.start(), match.end(), form.score, NAME)
    for match in _CALLED.finditer(text):
        yield Span(ADDRESS, match.start(1), match.end(1), 0.88, NAME)
