"""Which algorithm goes with which kind of key: a token's header never decides that alone.

RFC 8725, 2.1 and 3.1: where a public RSA key may serve as an HMAC secret, everybody who knows it
makes valid tokens. `none` is not in the list, so it is never allowed.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

# fmt: off
Algorithm = Literal[
    "HS256", "HS384", "HS512",
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
    "ES256", "ES384", "ES512", "EdDSA",
]
# fmt: on


class KeyKind(NamedTuple):
    """A kind of key, in the words of a JSON Web Key (RFC 7518, RFC 8037)."""

    kty: str
    crv: str | None = None


SECRET: Final = KeyKind("oct")
RSA: Final = KeyKind("RSA")

KINDS: Final[Mapping[str, KeyKind]] = MappingProxyType(
    {
        **dict.fromkeys(("HS256", "HS384", "HS512"), SECRET),
        **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), RSA),
        "ES256": KeyKind("EC", "P-256"),
        "ES384": KeyKind("EC", "P-384"),
        "ES512": KeyKind("EC", "P-521"),
        "EdDSA": KeyKind("OKP", "Ed25519"),
    }
)
"""The one kind of key of each algorithm."""
