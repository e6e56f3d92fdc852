"""How a person is told in what is stored: in clear, escaped, as a pseudonym, encrypted."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from neurocortex.datasets.spec import DatasetSpec
from neurocortex.domain.work import DEFAULT_TENANT
from neurocortex.erasure import spelling
from neurocortex.errors import PrivacyError
from neurocortex.privacy.hiding import Place, pseudonym, revealed
from neurocortex.privacy.keys import Keyring
from neurocortex.security.roles import Role

SHORTEST: Final = 3
"""Characters of a subject: a shorter one would be found in nearly everything."""

_ENCRYPTED: Final = re.compile(r"nc1:[a-z]+:[0-9a-f]{8}:[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Subject:
    """A person, by a name, an address, a number or whatever else tells them."""

    text: str
    keys: Callable[[], Keyring]
    places: tuple[Place, ...]
    """Where encrypted values may belong."""

    def __post_init__(self) -> None:
        if len(self.text.strip()) < SHORTEST:
            raise ValueError(f"{SHORTEST} characters are the least that tell a person")

    @property
    def in_texts(self) -> str:
        """What PostgreSQL's `~*` finds it by in texts and JSON: in clear, and as a pseudonym."""
        return f"{spelling.in_texts(self.text)}|{self._pseudonym}"

    @property
    def in_bytes(self) -> str:
        """What `~*` finds it by in bytes that `encode(…, 'escape')` shows."""
        return spelling.in_escaped_bytes(self.text)

    @property
    def in_files(self) -> re.Pattern[bytes]:
        """What finds it in the bytes of files, and of dumps by `pg_restore`."""
        told = f"{spelling.in_files(self.text)}|{self._pseudonym}"
        return re.compile(told.encode(), re.IGNORECASE)

    def is_in(self, text: str) -> bool:
        """Tell whether an encrypted value in a text is about it."""
        return any(self._is_about(value) for value in _ENCRYPTED.findall(text))

    @property
    def _pseudonym(self) -> str:
        return pseudonym(self.text, DEFAULT_TENANT, self.keys())

    def _is_about(self, value: str) -> bool:
        wanted = self.text.strip().casefold()
        for place in self.places:
            try:
                clear = revealed(value, place, self.keys(), Role.ADMIN)
            except PrivacyError:  # of another place, or of a key that is gone
                continue
            return wanted in clear.casefold()
        return False


def places_of(specs: Iterable[DatasetSpec]) -> tuple[Place, ...]:
    """Return where the values of datasets are encrypted for."""
    found = [Place(DEFAULT_TENANT, "documents")]
    for spec in specs:
        columns = [*spec.privacy, "row"] if spec.privacy else []
        found += [Place(DEFAULT_TENANT, f"{spec.name}.{column}") for column in columns]
    return tuple(found)
