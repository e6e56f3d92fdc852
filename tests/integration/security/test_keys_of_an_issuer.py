"""An issuer's keys over HTTP: they change, its server goes away, it sends nonsense."""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Final

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from neurocortex.domain.deployments import Tier
from neurocortex.errors import (
    IssuerUnavailableError,
    UnauthenticatedError,
    WrongCredentialError,
)
from neurocortex.security.credentials import PresentedToken, read_credential
from neurocortex.security.issuers import Issuer
from neurocortex.security.key_sets import FRESH_S, MAX_BYTES, REFRESH_EVERY_S, RemoteKeySet
from neurocortex.security.principal import Principal
from neurocortex.security.roles import Role
from neurocortex.security.tokens import JwtVerifier, TrustedIssuer

NAME: Final = "https://login.example.com/"
CEILINGS: Final = {Role.READER: Tier.MEDIUM, Role.OPERATOR: Tier.HIGH, Role.ADMIN: Tier.CRITICAL}
OLD: Final = rsa.generate_private_key(65537, 2048)
NEW: Final = rsa.generate_private_key(65537, 2048)
P256: Final = ec.generate_private_key(ec.SECP256R1())


def jwk(key: rsa.RSAPrivateKey, kid: str) -> dict[str, object]:
    made: dict[str, object] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    return {"kty": made["kty"], "n": made["n"], "e": made["e"], "kid": kid}


def ec_jwk(kid: str) -> dict[str, object]:
    made: dict[str, object] = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(P256.public_key()))
    return {**made, "kid": kid}


@dataclass
class Idp:
    """An issuer's server."""

    url: str = ""
    keys: list[dict[str, object]] = field(default_factory=list)
    body: bytes | None = None
    """Sent in place of the keys."""
    status: int = 200
    asked: int = 0
    location: str = ""
    answers: Event = field(default_factory=Event)
    """Until it is set, whoever asks waits."""

    def __post_init__(self) -> None:
        self.answers.set()


@pytest.fixture
def idp() -> Iterator[Idp]:
    served = Idp()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked += 1
            served.answers.wait()
            body = served.body
            if body is None:
                body = json.dumps({"keys": served.keys}).encode()
            self.send_response(served.status)
            self.send_header("Content-Length", str(len(body)))
            if served.location:
                self.send_header("Location", served.location)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        served.url = f"http://127.0.0.1:{server.server_port}/jwks"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield served
        server.shutdown()
        thread.join()


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Gateway:
    """Verifies tokens of one issuer."""

    clock: Clock
    verifier: JwtVerifier

    async def verify(self, token: str) -> Principal:
        presented = read_credential(token)
        assert isinstance(presented, PresentedToken)
        return await self.verifier.verify(presented)


def gateway(idp: Idp, client: httpx.AsyncClient) -> Gateway:
    issuer = Issuer(
        issuer=NAME, audience="nc", algorithms=("RS256", "PS256", "ES256"), jwks_url=idp.url
    )
    clock = Clock()
    keys = RemoteKeySet(idp.url, client, clock)
    trusted = {NAME: TrustedIssuer(issuer, keys)}
    return Gateway(clock, JwtVerifier(trusted, CEILINGS, 3600))


def token(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, kid: str | None, algorithm: str = "RS256"
) -> str:
    now = int(time.time())
    claims = {"iss": NAME, "aud": "nc", "sub": "ada", "tenant": "acme", "iat": now, "exp": now + 60}
    return jwt.encode(claims, key, algorithm, headers={"kid": kid} if kid else None)


def test_keys_are_read_once_and_a_new_one_is_found_when_it_is_used(idp: Idp) -> None:
    idp.keys = [jwk(OLD, "1"), ec_jwk("e")]

    async def story() -> None:
        async with httpx.AsyncClient() as client:
            ours = gateway(idp, client)
            await asyncio.gather(*(ours.verify(token(OLD, "1")) for _ in range(20)))
            await ours.verify(token(P256, "e", "ES256"))
            await ours.verify(token(OLD, "1", "PS256"))
            assert idp.asked == 1
            idp.keys = [jwk(OLD, "1"), jwk(NEW, "2")]
            ours.clock.now += REFRESH_EVERY_S
            await ours.verify(token(NEW, "2"))
            await ours.verify(token(OLD, "1"))
            assert idp.asked == 2
            idp.keys = [jwk(NEW, "2")]
            ours.clock.now += FRESH_S + 1
            with pytest.raises(UnauthenticatedError, match="not one of its issuer's"):
                await ours.verify(token(OLD, "1"))
            await ours.verify(token(NEW, "2"))

    asyncio.run(story())


def test_made_up_key_ids_do_not_load_the_issuer(idp: Idp) -> None:
    idp.keys = [jwk(OLD, "1")]

    async def story() -> None:
        async with httpx.AsyncClient() as client:
            ours = gateway(idp, client)
            for number in range(50):
                with pytest.raises(UnauthenticatedError) as caught:
                    await ours.verify(token(NEW, f"made up {number}"))
                # Right tokens are like that just after a change of keys: they must not lock.
                assert not isinstance(caught.value, WrongCredentialError)
            assert idp.asked == 1

    asyncio.run(story())


def test_while_the_issuer_is_gone_the_last_keys_are_used(idp: Idp) -> None:
    idp.keys = [jwk(OLD, "1")]

    async def story() -> None:
        async with httpx.AsyncClient() as client:
            ours = gateway(idp, client)
            await ours.verify(token(OLD, "1"))
            for status, body in ((503, b""), (200, b"<html>"), (200, b'{"keys": []}')):
                idp.status, idp.body = status, body
                ours.clock.now += FRESH_S + 1
                await ours.verify(token(OLD, "1"))
            assert idp.asked == 4
            idp.status, idp.body, idp.keys = 200, None, [jwk(NEW, "2")]
            ours.clock.now += REFRESH_EVERY_S
            await ours.verify(token(NEW, "2"))

    asyncio.run(story())


def test_while_the_issuer_is_slow_one_request_waits_and_the_others_do_not(idp: Idp) -> None:
    idp.keys = [jwk(OLD, "1")]

    async def story() -> None:
        async with httpx.AsyncClient() as client:
            ours = gateway(idp, client)
            await ours.verify(token(OLD, "1"))
            idp.answers.clear()
            ours.clock.now += FRESH_S + 1
            slow = asyncio.create_task(ours.verify(token(OLD, "1")))
            while idp.asked < 2:
                await asyncio.sleep(0.001)
            await ours.verify(token(OLD, "1"))
            assert not slow.done()
            idp.answers.set()
            await slow
            assert idp.asked == 2

    asyncio.run(story())


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, None),
        (200, b""),
        (200, b"[]"),
        (200, b'{"keys": 5}'),
        (200, b'{"keys": [{"kty": "oct", "k": "AAAA"}, 7, {}]}'),
        (200, b" " * (MAX_BYTES + 1)),
        (200, b"[" * 50_000),
    ],
)
def test_keys_that_were_never_read_are_no_ones_fault_who_asks(
    status: int, body: bytes | None, idp: Idp
) -> None:
    idp.status, idp.body = status, body

    async def story() -> None:
        async with httpx.AsyncClient() as client:
            ours = gateway(idp, client)
            with pytest.raises((IssuerUnavailableError, UnauthenticatedError)):
                await ours.verify(token(OLD, "1"))

    asyncio.run(story())


def test_an_address_that_leads_elsewhere_is_not_followed(idp: Idp) -> None:
    idp.status, idp.location, idp.keys = 302, idp.url + "?", [jwk(OLD, "1")]

    async def story() -> None:
        async with httpx.AsyncClient(follow_redirects=True) as client:
            with pytest.raises(IssuerUnavailableError, match="302"):
                await gateway(idp, client).verify(token(OLD, "1"))

    asyncio.run(story())
    assert idp.asked == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"alg": "RS512"},
        {"use": "enc"},
        {"kid": "2"},
        {"kty": "oct", "k": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
    ],
)
def test_a_key_is_used_for_what_it_is_meant_for_only(wrong: dict[str, object], idp: Idp) -> None:
    idp.keys = [jwk(OLD, "1") | wrong, ec_jwk("e")]

    async def story() -> None:
        async with httpx.AsyncClient() as client:
            with pytest.raises(UnauthenticatedError):
                await gateway(idp, client).verify(token(OLD, "1"))

    asyncio.run(story())


def test_a_token_without_a_key_id_needs_one_key_that_fits(idp: Idp) -> None:
    idp.keys = [jwk(OLD, "1"), ec_jwk("e")]

    async def story() -> None:
        async with httpx.AsyncClient() as client:
            await gateway(idp, client).verify(token(OLD, None))
            idp.keys.append(jwk(NEW, "2"))
            with pytest.raises(UnauthenticatedError):
                await gateway(idp, client).verify(token(OLD, None))

    asyncio.run(story())


def test_a_signature_by_a_key_with_the_right_id_only_is_a_guess(idp: Idp) -> None:
    idp.keys = [jwk(OLD, "1")]

    async def story() -> None:
        async with httpx.AsyncClient() as client:
            with pytest.raises(WrongCredentialError):
                await gateway(idp, client).verify(token(NEW, "1"))

    asyncio.run(story())
