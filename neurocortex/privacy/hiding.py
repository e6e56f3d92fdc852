"""Hiding a value: redacted, masked, as a pseudonym, or encrypted; and getting it back.

An encrypted value is `nc1:CLASS:KEY:DATA`. DATA is base64url of a random nonce of 96 bits, the
ciphertext and the tag of AES-256-GCM (NIST SP 800-38D). Class, key, tenant and column are
authenticated with it, so that a value is worth nothing in another place.
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from neurocortex.errors import TamperedError
from neurocortex.privacy.classes import DataClass, require
from neurocortex.privacy.keys import DataKey, Keyring
from neurocortex.privacy.policies import Action
from neurocortex.security.roles import Role

PREFIX: Final = "nc1"
"""Version of the form."""

NONCE_BYTES: Final = 12
KEY_ID_BYTES: Final = 4

KEPT_CHARACTERS: Final = 4
"""What a mask leaves, as receipts do with card numbers."""

SHORTEST_KEPT: Final = 9
"""Of a shorter value nothing is left: four of its letters would tell most of it."""

PSEUDONYM_BYTES: Final = 16
"""128 bits: among 10^12 values two share a pseudonym with a chance of 10^-15."""

_PARTS: Final = 4


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value belongs; it cannot be decrypted as that of another place."""

    tenant: str
    column: str


@dataclass(frozen=True, slots=True)
class Hider:
    """Hides values of one place."""

    place: Place
    keys: Callable[[], Keyring]
    """Asked when the first key is needed."""
    data_class: DataClass = DataClass.PERSONAL
    """Of what is encrypted: it says who may see it."""

    def hide(self, value: str, kind: str, action: Action) -> str:
        """Return what stands in place of a value.

        Args:
            value: the value in clear.
            kind: what it is: an entity, or the name of a column. It is shown in its place.
            action: what is done to it; SCAN is for texts, see `texts.hidden`.
        """
        match action:
            case Action.KEEP:
                return value
            case Action.REDACT | Action.SCAN:
                return redacted(kind)
            case Action.MASK:
                return masked(value)
            case Action.HASH:
                return pseudonym(value, self.place.tenant, self.keys())
            case Action.ENCRYPT:
                return encrypted(value, self.place, self.data_class, self.keys())


def redacted(kind: str) -> str:
    """Return what stands for a value of that kind: `<PERSON>`."""
    return f"<{kind.upper()}>"


def masked(value: str) -> str:
    """Return a value with `*` for its letters and digits, but for the last four of a long one."""
    places = [at for at, character in enumerate(value) if character.isalnum()]
    left = KEPT_CHARACTERS if len(places) >= SHORTEST_KEPT else 0
    hidden = set(places[: len(places) - left])
    return "".join("*" if at in hidden else character for at, character in enumerate(value))


def pseudonym(value: str, tenant: str, keys: Keyring) -> str:
    """Return 32 hexadecimal characters that stand for a value within a tenant.

    HMAC-SHA-256 (RFC 2104), so that nobody without the key can try values out. Spelling counts
    little: Unicode normal form, case and white space make no difference.
    """
    plain = " ".join(unicodedata.normalize("NFKC", value).casefold().split())
    message = json.dumps([tenant, plain]).encode()
    digest = hmac.new(keys.pseudonym_material, message, hashlib.sha256).digest()
    return digest[:PSEUDONYM_BYTES].hex()


def encrypted(value: str, place: Place, data_class: DataClass, keys: Keyring) -> str:
    """Return a value encrypted with the newest key. Each call returns another text."""
    key = keys.newest
    sealed = _sealed(value.encode(), key, _bound(place, data_class, key.id))
    text = base64.urlsafe_b64encode(sealed).decode().rstrip("=")
    return f"{PREFIX}:{data_class}:{key.id}:{text}"


def is_encrypted(text: str) -> bool:
    """Tell whether a text has the form of an encrypted value."""
    parts = text.split(":")
    return len(parts) == _PARTS and parts[0] == PREFIX and parts[1] in set(DataClass)


def revealed(text: str, place: Place, keys: Keyring, role: Role) -> str:
    """Return an encrypted value in clear to a role that may see it.

    Raises:
        RevealForbiddenError: the role may not.
        TamperedError: it was changed, or belongs to another tenant or column.
        PrivacyKeyError: its key is not on the keyring.
    """
    if not is_encrypted(text):
        raise TamperedError(place.tenant, place.column, "it does not have the form of one")
    _, class_name, key_id, data = text.split(":")
    data_class = DataClass(class_name)
    require(role, data_class)
    key = keys.key(key_id)
    try:
        sealed = base64.b64decode(data + "=" * (-len(data) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise TamperedError(place.tenant, place.column, "it was cut or changed") from None
    return _opened(sealed, key, _bound(place, data_class, key_id), place).decode()


def encrypted_bytes(content: bytes, place: Place, keys: Keyring) -> bytes:
    """Return bytes encrypted with the newest key: the key's id, a nonce, ciphertext and tag."""
    key = keys.newest
    sealed = _sealed(content, key, _bound(place, DataClass.PERSONAL, key.id))
    return bytes.fromhex(key.id) + sealed


def decrypted_bytes(content: bytes, place: Place, keys: Keyring) -> bytes:
    """Return what `encrypted_bytes` was given. For the platform's own use: no role is asked.

    Raises:
        TamperedError: it was changed, or belongs to another place.
        PrivacyKeyError: its key is not on the keyring.
    """
    key = keys.key(content[:KEY_ID_BYTES].hex())
    bound = _bound(place, DataClass.PERSONAL, key.id)
    return _opened(content[KEY_ID_BYTES:], key, bound, place)


def _sealed(content: bytes, key: DataKey, bound: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key.material).encrypt(nonce, content, bound)


def _opened(sealed: bytes, key: DataKey, bound: bytes, place: Place) -> bytes:
    try:
        return AESGCM(key.material).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound)
    except (InvalidTag, ValueError):  # ValueError: too short for a nonce and a tag
        reason = "it was changed, or belongs to another place"
        raise TamperedError(place.tenant, place.column, reason) from None


def _bound(place: Place, data_class: DataClass, key_id: str) -> bytes:
    """Return what is authenticated with a value; as JSON, so that parts cannot run together."""
    return json.dumps([PREFIX, data_class, key_id, place.tenant, place.column]).encode()
