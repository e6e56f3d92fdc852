"""API keys as text: `nc_ID_SECRET`, and what is kept of one.

`nc_` and a checksum let secret scanners and people tell a key, and a mistyped one, from anything
else without asking a server (GitHub's tokens do the same). All of it is letters, digits and `_`, so
a double click selects it whole.
"""

import hashlib
import hmac
import re
import secrets
import string
import zlib
from dataclasses import dataclass
from typing import Final

from pydantic import SecretStr

PREFIX: Final = "nc_"

ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
ID_CHARS: Final = 8
"""Two in 2e14 keys have the same; the store makes another then."""
SECRET_BYTES: Final = 32
SECRET_CHARS: Final = 43
"""32 bytes in base 62."""
CHECKSUM_CHARS: Final = 6
"""CRC-32 in base 62."""

_SHAPE: Final = re.compile(
    rf"{PREFIX}([0-9A-Za-z]{{{ID_CHARS}}})_[0-9A-Za-z]{{{SECRET_CHARS + CHECKSUM_CHARS}}}",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class PresentedKey:
    """A key as somebody shows it: well-formed, and not yet verified."""

    id: str
    """Its public id: may be shown and logged."""
    digest: bytes

    def matches(self, kept: bytes) -> bool:
        """Tell whether it is the key whose digest is kept, in a time that says nothing else."""
        return hmac.compare_digest(self.digest, kept)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made; its text is nowhere else."""

    id: str
    text: SecretStr
    digest: bytes


def new_key() -> NewKey:
    """Return a key of 256 random bits."""
    key_id = "".join(secrets.choice(ALPHABET) for _ in range(ID_CHARS))
    secret = _base62(int.from_bytes(secrets.token_bytes(SECRET_BYTES)), SECRET_CHARS)
    body = f"{PREFIX}{key_id}_{secret}"
    text = body + checksum(body)
    return NewKey(key_id, SecretStr(text), digest(text))


def looks_like_key(text: str) -> bool:
    """Tell whether a credential means to be an API key."""
    return text.startswith(PREFIX)


def read_key(text: str) -> PresentedKey | None:
    """Return a key that is whole; None for a mistyped one."""
    found = _SHAPE.fullmatch(text)
    if found is None or not text.endswith(checksum(text[:-CHECKSUM_CHARS])):
        return None
    return PresentedKey(found.group(1), digest(text))


def digest(text: str) -> bytes:
    """Return what is kept of a key, 32 bytes.

    One SHA-256, no slow hash as for passwords: a slow one makes each guess dearer where a secret
    has few bits. This one has 256 random bits, which nobody can guess at any speed (NIST SP
    800-63B, 5.1.2.2: at 112 bits and more no salt or stretching is asked for), and each request
    would pay for it.
    """
    return hashlib.sha256(text.encode()).digest()


def checksum(body: str) -> str:
    """Return what a key ends with: it tells a mistyped one, and keeps nobody out."""
    return _base62(zlib.crc32(body.encode()), CHECKSUM_CHARS)


def _base62(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, rest = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[rest])
    return "".join(reversed(digits))
