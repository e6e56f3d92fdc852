"""Tokens that must not be believed, and those that must."""

import asyncio
import json
import time
from base64 import urlsafe_b64encode
from typing import Final

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from pydantic import SecretStr

from neurocortex.domain.deployments import Tier
from neurocortex.errors import (
    AccessError,
    SettingsError,
    UnauthenticatedError,
    WrongCredentialError,
)
from neurocortex.security.credentials import PresentedToken, Unreadable, read_credential
from neurocortex.security.issuers import Issuer
from neurocortex.security.key_sets import StaticKey
from neurocortex.security.principal import Principal
from neurocortex.security.roles import SCOPES, Role
from neurocortex.security.tokens import JwtVerifier, TrustedIssuer

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

RSA: Final = rsa.generate_private_key(65537, 2048)
OTHER_RSA: Final = rsa.generate_private_key(65537, 2048)
P256: Final = ec.generate_private_key(ec.SECP256R1())
P384: Final = ec.generate_private_key(ec.SECP384R1())
ED25519: Final = ed25519.Ed25519PrivateKey.generate()
SECRET: Final = "a secret of more than thirty-two bytes"

NAME: Final = "https://login.example.com/"
SESSION_S: Final = 3600.0
CEILINGS: Final = {Role.READER: Tier.MEDIUM, Role.OPERATOR: Tier.HIGH, Role.ADMIN: Tier.CRITICAL}


def public(key: PrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def issuer(key: str, *algorithms: str, **more: object) -> Issuer:
    return Issuer.model_validate(
        {"issuer": NAME, "audience": "nc", "algorithms": algorithms, "key": SecretStr(key)} | more
    )


def claims(**more: object) -> dict[str, object]:
    now = int(time.time())
    usual = {"iss": NAME, "aud": "nc", "sub": "ada", "tenant": "acme", "iat": now, "exp": now + 600}
    return {**usual, **more}


def verify(token: str, *issuers: Issuer) -> Principal:
    trusted = {
        each.issuer: TrustedIssuer(each, StaticKey(each, each.key)) for each in issuers if each.key
    }
    presented = read_credential(f"Bearer {token}")
    if isinstance(presented, Unreadable):
        raise WrongCredentialError(presented.reason)
    assert isinstance(presented, PresentedToken)
    return asyncio.run(JwtVerifier(trusted, CEILINGS, SESSION_S).verify(presented))


def forged(header: dict[str, object], body: dict[str, object], signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(body).encode(), signature)
    return ".".join(urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


RS: Final = issuer(public(RSA), "RS256")


@pytest.mark.parametrize(
    ("key", "trusted", "algorithm"),
    [
        (SECRET, issuer(SECRET, "HS256"), "HS256"),
        (RSA, RS, "RS256"),
        (RSA, issuer(public(RSA), "RS512", "PS256"), "PS256"),
        (P256, issuer(public(P256), "ES256"), "ES256"),
        (P384, issuer(public(P384), "ES384"), "ES384"),
        (ED25519, issuer(public(ED25519), "EdDSA"), "EdDSA"),
    ],
)
def test_a_right_token_says_who_asks(
    key: PrivateKey | str, trusted: Issuer, algorithm: str
) -> None:
    body = claims()
    who = verify(jwt.encode(body, key, algorithm), trusted)
    assert who == Principal(
        subject="ada",
        tenant="acme",
        role=Role.READER,
        scopes=SCOPES[Role.READER],
        ceiling=Tier.MEDIUM,
        issuer=NAME,
        expires_at=float(str(body["exp"])) + trusted.leeway_s,
    )
    assert who.key_id is None


def test_a_public_key_is_no_secret() -> None:
    """Algorithm confusion: what everybody knows signs as HMAC what claims to be the issuer's."""
    import hashlib
    import hmac

    unsigned = forged({"alg": "HS256", "typ": "JWT"}, claims()).rpartition(".")[0]
    mac = hmac.new(public(RSA).encode(), unsigned.encode(), hashlib.sha256).digest()
    token = f"{unsigned}.{urlsafe_b64encode(mac).decode().rstrip('=')}"
    with pytest.raises(WrongCredentialError):
        verify(token, RS)


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", ""])
@pytest.mark.parametrize("signature", [b"", b"x"])
def test_a_token_without_a_signature_is_refused(alg: str, signature: bytes) -> None:
    with pytest.raises(WrongCredentialError):
        verify(forged({"alg": alg}, claims(), signature), RS)


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256"])
def test_an_algorithm_that_was_not_allowed_is_refused_with_the_right_key(algorithm: str) -> None:
    with pytest.raises(WrongCredentialError):
        verify(jwt.encode(claims(), RSA, algorithm), RS)


def test_a_signature_by_another_key_is_refused() -> None:
    with pytest.raises(WrongCredentialError):
        verify(jwt.encode(claims(), OTHER_RSA, "RS256"), RS)


def test_a_key_that_the_token_brings_along_is_not_used() -> None:
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(OTHER_RSA.public_key()))
    headers = {"jwk": jwk, "jku": "http://127.0.0.1:9/jwks", "x5u": "http://127.0.0.1:9/c"}
    with pytest.raises(WrongCredentialError):
        verify(jwt.encode(claims(), OTHER_RSA, "RS256", headers=headers), RS)


def test_one_issuers_key_does_not_speak_for_another() -> None:
    other = issuer(public(OTHER_RSA), "RS256", issuer="https://other")
    token = jwt.encode(claims(), OTHER_RSA, "RS256")
    with pytest.raises(WrongCredentialError):
        verify(token, RS, other)


def test_a_changed_claim_breaks_the_signature() -> None:
    header, _, signature = jwt.encode(claims(), RSA, "RS256").split(".")
    body = urlsafe_b64encode(json.dumps(claims(role="admin")).encode()).decode().rstrip("=")
    with pytest.raises(WrongCredentialError):
        verify(f"{header}.{body}.{signature}", RS)


NOW: Final = int(time.time())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"exp": NOW - 31}, "expired"),
        ({"nbf": NOW + 86_400}, "not valid yet"),
        ({"iat": NOW + 86_400}, "not valid yet"),
        ({"iat": NOW - 3631, "exp": NOW + 9999}, "session is over"),
        ({"iat": -(10**30), "exp": 10**30}, "session is over"),
        ({"aud": "other"}, "audience"),
        ({"aud": ["other", "another"]}, "audience"),
    ],
)
def test_a_token_that_is_not_valid_now_or_here_is_refused_with_the_reason(
    wrong: dict[str, object], said: str
) -> None:
    with pytest.raises(UnauthenticatedError, match=said) as caught:
        verify(jwt.encode(claims(**wrong), RSA, "RS256"), RS)
    assert 'error="invalid_token"' in caught.value.challenge
    assert not isinstance(caught.value, WrongCredentialError)  # its signature is no guess


@pytest.mark.parametrize("missing", ["exp", "iat", "aud"])
def test_a_token_that_lacks_a_claim_is_refused(missing: str) -> None:
    body = claims()
    del body[missing]
    with pytest.raises(UnauthenticatedError, match="lacks"):
        verify(jwt.encode(body, RSA, "RS256"), RS)


@pytest.mark.parametrize("issuer_", ["https://evil", "https://login.example.com", ""])
def test_an_unknown_issuer_is_refused(issuer_: str) -> None:
    with pytest.raises(WrongCredentialError):
        verify(jwt.encode(claims(iss=issuer_), RSA, "RS256"), RS)


@pytest.mark.parametrize("wrong", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", ["soon", [], {}, float("inf")])
def test_times_that_are_none_are_refused(wrong: str, value: object) -> None:
    with pytest.raises(AccessError):
        verify(jwt.encode(claims(**{wrong: value}), RSA, "RS256"), RS)


def test_clocks_may_differ_by_the_leeway() -> None:
    now = int(time.time())
    verify(jwt.encode(claims(exp=now - 5, nbf=now + 20, iat=now + 20), RSA, "RS256"), RS)


def test_a_session_ends_at_its_time_whatever_the_token_says() -> None:
    who = verify(jwt.encode(claims(iat=NOW - 100, exp=NOW + 10**6), RSA, "RS256"), RS)
    assert who.expires_at == NOW - 100 + SESSION_S + RS.leeway_s


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        ("short", "HS256"),
        (SECRET, "HS512"),
        (SECRET, "RS256"),
        (public(RSA), "HS256"),
        (public(RSA), "ES256"),
        (public(P256), "RS256"),
        (public(P384), "ES256"),
        (public(P256), "EdDSA"),
        (public(rsa.generate_private_key(65537, 1024)), "RS256"),  # noqa: S505 - that is the point
        ("-----BEGIN PRIVATE KEY-----\nx", "RS256"),
    ],
)
def test_a_key_of_another_kind_or_too_short_is_refused_at_the_start(
    key: str, algorithm: str
) -> None:
    wrong = issuer(key, algorithm)
    assert wrong.key is not None
    with pytest.raises(SettingsError, match=f"none for {algorithm}") as caught:
        StaticKey(wrong, wrong.key)
    assert key not in str(caught.value)
