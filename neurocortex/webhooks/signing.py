"""Signatures of webhooks, by the Standard Webhooks specification.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hmac
from hashlib import sha256
from typing import Final

from pydantic import SecretStr

from neurocortex.errors import SettingsError

PREFIX: Final = "whsec_"
"""Of a key as text; the rest is Base64."""

SHORTEST_KEY: Final = 24
LONGEST_KEY: Final = 64
"""Bytes of a key, as the specification has them."""


def key_of(text: SecretStr) -> bytes:
    """Return the bytes of a key.

    Raises:
        SettingsError: it is no key; the text does not say what it is.
    """
    try:
        key = base64.b64decode(text.get_secret_value().removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        raise SettingsError(
            f"NEUROCORTEX_WEBHOOKS__SIGNING_KEY must be {PREFIX} and then {SHORTEST_KEY} to"
            f" {LONGEST_KEY} random bytes in Base64: `openssl rand -base64 32` makes them."
        )
    return key


def headers_of(key: bytes, message: str, at: int, body: bytes) -> dict[str, str]:
    """Return the headers that prove who sends a message, and when.

    Args:
        key: shared with whom it is sent to.
        message: its id, the same at each attempt.
        at: of this attempt, in seconds since the epoch.
        body: as it is sent.
    """
    signed = b"%s.%d.%s" % (message.encode(), at, body)
    signature = base64.b64encode(hmac.digest(key, signed, sha256)).decode()
    return {
        "webhook-id": message,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{signature}",
    }
