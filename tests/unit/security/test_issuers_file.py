"""The file of issuers."""

from pathlib import Path

import pytest

from neurocortex.errors import SettingsError
from neurocortex.security.issuers import LEEWAY_S, read_issuers
from neurocortex.security.roles import Role

GOOD = """
[[issuer]]
issuer = "https://login.example.com/"
audience = "neurocortex"
algorithms = ["RS256", "ES256"]
jwks_url = "https://login.example.com/jwks.json"
tenant_claim = "org"

[[issuer]]
issuer = "batch"
audience = "neurocortex"
algorithms = ["HS256"]
key = "0123456789abcdef0123456789abcdef"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "issuers.toml"


def test_without_a_file_no_token_is_accepted() -> None:
    assert read_issuers(None) == ()


def test_issuers_are_read(path: Path) -> None:
    path.write_text(GOOD)
    remote, batch = read_issuers(path)
    assert (remote.tenant_claim, remote.leeway_s, remote.has_secret) == ("org", LEEWAY_S, False)
    assert remote.highest_role is Role.OPERATOR  # an admin's is given on purpose only
    assert batch.has_secret
    assert "0123456789" not in repr(batch)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"RS256", "ES256"', '"RS256", "HS256"', "must not be mixed"),
        ('"RS256", "ES256"', '"none"', "algorithms"),
        ('"RS256", "ES256"', "", "algorithms"),
        ("https://login.example.com/jwks.json", "http://login.example.com/jwks", "https://"),
        ("https://login.example.com/jwks.json", "file:///etc/passwd", "https://"),
        ('jwks_url = "https://login.example.com/jwks.json"', "", "jwks_url or key"),
        ('key = "01', 'jwks_url = "https://x"\nkey = "01', "jwks_url or key"),
        (
            'key = "0123456789abcdef0123456789abcdef"',
            'jwks_url = "https://x"',
            "secrets .HS. are not read",
        ),
        ("tenant_claim", "tenant_clam", "Did you mean 'tenant_claim'"),
        ('issuer = "batch"', 'issuer = "https://login.example.com/"', "same name"),
        ("[[issuer]]", "[[issuers]]", "unknown key 'issuers'"),
        ("[[issuer]]", "[[issuer", "cannot be read"),
    ],
)
def test_what_cannot_be_is_refused_and_keys_are_not_shown(
    old: str, new: str, said: str, path: Path
) -> None:
    assert old in GOOD
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(SettingsError, match=said) as caught:
        read_issuers(path)
    assert str(path) in str(caught.value)
    assert "0123456789" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://localhost:8080/jwks", "http://127.0.0.1/j", "http://[::1]/"]
)
def test_keys_may_come_over_an_open_line_from_this_machine(url: str, path: Path) -> None:
    path.write_text(GOOD.replace("https://login.example.com/jwks.json", url))
    assert read_issuers(path)[0].jwks_url == url


def test_a_missing_file_is_named(path: Path) -> None:
    with pytest.raises(SettingsError, match=r"issuers.toml .* No such file"):
        read_issuers(path)
