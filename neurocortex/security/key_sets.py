"""The keys of an issuer: one that was set, or a set at its address that changes now and then."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import httpx
import jwt
from jwt.algorithms import AllowedPublicKeys
from pydantic import BaseModel, ConfigDict, SecretStr, TypeAdapter, ValidationError

from neurocortex.errors import IssuerUnavailableError, SettingsError
from neurocortex.security.algorithms import KINDS, SECRET, KeyKind
from neurocortex.security.issuers import SETTING, Issuer

FRESH_S: Final = 300.0
"""So long a set is used without a look at its address."""

REFRESH_EVERY_S: Final = 10.0
"""Between two looks: whoever sends tokens with made-up key ids causes no more."""

TIMEOUT_S: Final = 5.0
MAX_BYTES: Final = 256 * 1024
"""A set of a hundred keys takes a quarter of that."""

VerifyingKey = jwt.PyJWK | AllowedPublicKeys | bytes
"""A key of the kind its algorithm needs, or a secret."""

_log = logging.getLogger(__name__)


class KeySet(Protocol):
    """Where the key of a token comes from."""

    async def find(self, kid: str | None, algorithm: str) -> VerifyingKey | None:
        """Return the key of that id for an allowed algorithm, None where there is none.

        Raises:
            IssuerUnavailableError: no key was ever read.
        """


class _Jwk(BaseModel):
    """What is read of a JSON Web Key to choose it; PyJWT reads the rest."""

    model_config = ConfigDict(extra="allow", frozen=True)

    kty: str
    crv: str | None = None
    kid: str | None = None
    alg: str | None = None
    use: str | None = None

    def serves(self, kid: str | None, algorithm: str) -> bool:
        """Tell whether it may verify a token: what it leaves open must not be stretched."""
        kind = KINDS[algorithm]
        return (
            kind != SECRET
            and KeyKind(self.kty, self.crv if kind.crv else None) == kind
            and (kid is None or self.kid == kid)
            and self.alg in {None, algorithm}
            and self.use in {None, "sig"}
        )


_KEYS: Final = TypeAdapter(Mapping[str, object])


class StaticKey:
    """One key that was set."""

    def __init__(self, issuer: Issuer, key: SecretStr) -> None:
        """Read it.

        Raises:
            SettingsError: it is of another kind than the issuer's algorithms need.
        """
        self._keys: dict[str, VerifyingKey] = {
            name: _static_key(issuer, key, name) for name in issuer.algorithms
        }

    async def find(self, kid: str | None, algorithm: str) -> VerifyingKey | None:  # noqa: ARG002
        """See `KeySet.find`: its id does not matter, there is one."""
        return self._keys.get(algorithm)


class RemoteKeySet:
    """A set at an address (JWKS), read when it is needed.

    A key id that is not in it is looked for again at its address, so keys may change at any time
    (rotation); keys that are gone from it are gone here after FRESH_S. While the address does not
    answer the last set is used.
    """

    def __init__(
        self, url: str, client: httpx.AsyncClient, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take the address; the client is the caller's to close."""
        self._url = url
        self._client = client
        self._clock = clock
        self._keys: Sequence[_Jwk] | None = None
        self._read_at = self._asked_at = float("-inf")
        self._problem = ""
        self._turn = asyncio.Lock()

    async def find(self, kid: str | None, algorithm: str) -> VerifyingKey | None:
        """See `KeySet.find`. A token without a key id is verified where one key suits it."""
        found = self._choose(kid, algorithm)
        is_fresh = self._clock() - self._read_at <= FRESH_S
        # One request waits for the address; the others go on with what is known.
        if found is not None and (is_fresh or self._turn.locked()):
            return found
        await self._refresh()
        return self._choose(kid, algorithm)

    def _choose(self, kid: str | None, algorithm: str) -> jwt.PyJWK | None:
        fitting = [key for key in self._keys or () if key.serves(kid, algorithm)]
        if len(fitting) != 1:
            return None
        return jwt.PyJWK(fitting[0].model_dump(exclude_none=True), algorithm)

    async def _refresh(self) -> None:
        async with self._turn:
            if self._clock() - self._asked_at >= REFRESH_EVERY_S:
                self._asked_at = self._clock()
                try:
                    self._keys = await self._read()
                    self._read_at = self._clock()
                except IssuerUnavailableError as error:
                    self._problem = error.reason
                    _log.warning("The keys of an issuer stay those known so far: %s", error)
        if self._keys is None:
            raise IssuerUnavailableError(self._url, self._problem)

    async def _read(self) -> Sequence[_Jwk]:
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),
                self._client.stream("GET", self._url, follow_redirects=False) as answer,
            ):
                answer.raise_for_status()
                body = bytearray()
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > MAX_BYTES:
                        raise IssuerUnavailableError(self._url, "its set of keys is too large")
            return _usable(body)
        except (httpx.HTTPError, TimeoutError, ValueError, RecursionError) as error:
            reason = str(error) or type(error).__name__
            raise IssuerUnavailableError(self._url, reason) from error


def key_set_of(issuer: Issuer, client: httpx.AsyncClient) -> KeySet:
    """Return where an issuer's keys come from.

    Raises:
        SettingsError: its key is of another kind than its algorithms need.
    """
    if issuer.key is not None:
        return StaticKey(issuer, issuer.key)
    return RemoteKeySet(issuer.jwks_url or "", client)


def _usable(body: bytes | bytearray) -> Sequence[_Jwk]:
    """Return the keys that PyJWT can read: a set may have others for other programs (RFC 7517)."""
    listed = _KEYS.validate_python(json.loads(body)).get("keys")
    if not isinstance(listed, list):
        raise ValueError("it has no list of keys")
    usable = []
    for each in listed:
        try:
            key = _Jwk.model_validate(each)
            jwt.PyJWK(key.model_dump(exclude_none=True))
        except (ValidationError, jwt.PyJWTError):
            continue
        usable.append(key)
    if not usable:
        raise ValueError("it has no key that can be used")
    return usable


def _static_key(issuer: Issuer, key: SecretStr, algorithm: str) -> VerifyingKey:
    text = key.get_secret_value()
    try:
        if "PRIVATE KEY" in text:
            raise jwt.InvalidKeyError("It is a private key: give the public one.")
        method = jwt.get_algorithm_by_name(algorithm)
        prepared: VerifyingKey = method.prepare_key(text)
        if (problem := method.check_key_length(prepared)) is not None:
            raise jwt.InvalidKeyError(problem)
    except (jwt.InvalidKeyError, TypeError, ValueError) as error:
        raise SettingsError(
            f"The key of the issuer {issuer.issuer} ({SETTING}) is none for {algorithm}: {error}"
        ) from None
    return prepared
