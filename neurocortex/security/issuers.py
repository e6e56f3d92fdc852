"""The issuers whose tokens are accepted, as people write them in a TOML file.

[[issuer]]
issuer = "https://login.example.com/"
audience = "neurocortex"
algorithms = ["RS256"]
jwks_url = "https://login.example.com/.well-known/jwks.json"
tenant_claim = "org"
"""

import tomllib
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, model_validator

from neurocortex.domain.strict import Strict
from neurocortex.errors import SettingsError
from neurocortex.security.algorithms import KINDS, SECRET, Algorithm
from neurocortex.security.roles import Role

LEEWAY_S: Final = 30.0
"""Clocks of two machines differ by less."""

SETTING: Final = "NEUROCORTEX_SECURITY__ISSUERS"


class Issuer(Strict):
    """One issuer: how its tokens are verified, and what their claims mean."""

    issuer: str = Field(min_length=1)
    """Its name, exactly as in the claim `iss`."""
    audience: str = Field(min_length=1)
    """What the claim `aud` must name."""
    algorithms: tuple[Algorithm, ...] = Field(min_length=1)
    """That its tokens may be signed with."""
    jwks_url: str | None = None
    """Where its keys are (RFC 7517): https, or http on this machine."""
    key: SecretStr | None = None
    """In place of `jwks_url`, its one key: a public key as PEM, or the secret of HS256."""
    leeway_s: float = Field(LEEWAY_S, ge=0, le=300)
    """By how much its clock and ours may differ."""
    tenant_claim: str = "tenant"
    """Which claim names the tenant; dots lead into objects. A token without it is refused."""
    role_claim: str = "role"
    """Which claim names the role, or several; a token without it is a reader's."""
    scope_claim: str | None = None
    """Which claim lists scopes, apart by spaces: fewer than the role's. Unset: all of the role."""
    highest_role: Role = Role.OPERATOR
    """A token that claims more is refused."""

    @property
    def has_secret(self) -> bool:
        """Whether it signs with a secret that it shares with us."""
        return KINDS[self.algorithms[0]] == SECRET

    @model_validator(mode="after")
    def _keys_fit_algorithms(self) -> Self:
        if (self.jwks_url is None) == (self.key is None):
            raise ValueError("give jwks_url or key, one of them")
        if len({KINDS[name] == SECRET for name in self.algorithms}) > 1:
            raise ValueError(
                "algorithms with a secret (HS) and with a public key must not be mixed"
            )
        if self.key is not None and len({KINDS[name] for name in self.algorithms}) > 1:
            raise ValueError("one key cannot serve algorithms of several kinds of keys")
        if self.jwks_url is not None:
            if self.has_secret:
                raise ValueError("secrets (HS) are not read from an address: give key")
            if not _is_safe(self.jwks_url):
                raise ValueError("jwks_url must be https://, or http:// on this machine")
        return self


class _File(Strict):
    issuer: tuple[Issuer, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [each.issuer for each in self.issuer]
        if len(set(names)) < len(names):
            raise ValueError("two issuers have the same name")
        return self


def read_issuers(path: Path | None) -> tuple[Issuer, ...]:
    """Return the issuers in a file; none without one.

    Raises:
        SettingsError: the file cannot be read, or says something that cannot be.
    """
    if path is None:
        return ()
    try:
        return _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).issuer
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in error.errors(include_input=False)
        )
        raise SettingsError(f"{path} ({SETTING}): {problems}") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SettingsError(f"{path} ({SETTING}) cannot be read: {reason}.") from None


def _is_safe(url: str) -> bool:
    """Keys that come over an open line may be anybody's."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return bool(parts.hostname)
    return parts.scheme == "http" and _is_here(parts.hostname or "")


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
