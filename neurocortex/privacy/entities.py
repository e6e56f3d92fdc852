"""Kinds of personal data, and where in a text they stand.

The names are those of Presidio (https://microsoft.github.io/presidio/supported_entities/), whose
recognisers find further ones: an entity is a text, so that none of them is left out.
"""

from dataclasses import dataclass
from typing import Final, NewType

Entity = NewType("Entity", str)

PERSON: Final = Entity("PERSON")
ADDRESS: Final = Entity("STREET_ADDRESS")
LOCATION: Final = Entity("LOCATION")
ZIP_CODE: Final = Entity("ZIP_CODE")
ORGANIZATION: Final = Entity("ORGANIZATION")
TITLE: Final = Entity("TITLE")
AGE: Final = Entity("AGE")
NRP: Final = Entity("NRP")
"""A nationality, religion or political group."""
DATE_TIME: Final = Entity("DATE_TIME")
DATE_OF_BIRTH: Final = Entity("DATE_OF_BIRTH")
PHONE_NUMBER: Final = Entity("PHONE_NUMBER")
EMAIL_ADDRESS: Final = Entity("EMAIL_ADDRESS")
URL: Final = Entity("URL")
IP_ADDRESS: Final = Entity("IP_ADDRESS")
CREDIT_CARD: Final = Entity("CREDIT_CARD")
IBAN_CODE: Final = Entity("IBAN_CODE")
US_SSN: Final = Entity("US_SSN")
US_DRIVER_LICENSE: Final = Entity("US_DRIVER_LICENSE")

INDIRECT: Final = frozenset({LOCATION, ORGANIZATION, TITLE, AGE, NRP, DATE_TIME, URL, ZIP_CODE})
"""What names nobody by itself. All other entities point at one person."""

OWN: Final = frozenset(
    {
        PERSON,
        ADDRESS,
        LOCATION,
        ZIP_CODE,
        ORGANIZATION,
        TITLE,
        AGE,
        NRP,
        DATE_TIME,
        DATE_OF_BIRTH,
        PHONE_NUMBER,
        CREDIT_CARD,
        US_SSN,
        US_DRIVER_LICENSE,
    }
)
"""What the recognisers of this package find; Presidio's find the others, and some of these too."""


@dataclass(frozen=True, slots=True)
class Span:
    """Personal data in a text: `text[start:end]`."""

    entity: Entity
    start: int
    """Offset of its first character."""
    end: int
    """Offset behind its last one."""
    score: float
    """How sure it is, 0 to 1."""
    recogniser: str
    """What found it."""

    def __len__(self) -> int:
        return self.end - self.start
