"""How a person is told in what is stored: in clear, as a pseudonym, encrypted."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from neurocortex.datasets.spec import DatasetSpec
from neurocortex.domain.work import DEFAULT_TENANT
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
    def patterns(self) -> list[str]:
        """What SQL's ILIKE finds it by: in clear, and as a pseudonym."""
        told = (self.text.strip(), pseudonym(self.text, DEFAULT_TENANT, self.keys()))
        return [f"%{_literal(each)}%" for each in told]

    @property
    def byte_pattern(self) -> str:
        """What ILIKE finds it by in bytes that `encode(…, 'escape')` shows."""
        plain = self.text.strip().encode().replace(b"\\", b"\\\\")
        shown = "".join(chr(byte) if 0 < byte < 128 else f"\\{byte:03o}" for byte in plain)
        return f"%{_literal(shown)}%"

    def is_in(self, text: str) -> bool:
        """Tell whether an encrypted value in a text is about it."""
        return any(self._is_about(value) for value in _ENCRYPTED.findall(text))

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


def _literal(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)
