"""Signatures of webhooks, and where they may go."""

import base64

import pytest
from pydantic import SecretStr

from neurocortex.errors import SettingsError, WebhookRefusedError
from neurocortex.webhooks.destinations import check
from neurocortex.webhooks.signing import headers_of, key_of

ORIGINS = ("https://hooks.example.org", "http://127.0.0.1:9000")


def test_a_signature_is_the_specifications_own_example() -> None:
    key = key_of(SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
    found = headers_of(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert found == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_c2hvcnQ=", "no base64!", "é"])
def test_a_key_that_is_none_is_not_shown(text: str) -> None:
    with pytest.raises(SettingsError, match="openssl rand -base64 32") as refused:
        key_of(SecretStr(text))
    assert not text.removeprefix("whsec_") or text.removeprefix("whsec_") not in str(refused.value)


def test_a_key_may_be_without_its_prefix() -> None:
    assert key_of(SecretStr(base64.b64encode(bytes(32)).decode())) == bytes(32)


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.org/a?b=c",
        "https://HOOKS.example.org:443",
        "http://127.0.0.1:9000/end",
    ],
)
def test_webhooks_go_to_the_origins_that_an_operator_named(url: str) -> None:
    check(url, ORIGINS)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example.org",
        "http://hooks.example.org/",
        "https://hooks.example.org:8443/",
        "https://hooks.example.org.evil.net/",
        "https://hooks.example.org@evil.net/",
        "https://evil.net\\@hooks.example.org/",
        "https://me:secret@hooks.example.org/",
        "http://127.0.0.1/",
        "http://127.0.0.1:9000\n/",
        "http://[::1",
        "http://127.0.0.1:99999/",
        "file:///etc/passwd",
    ],
)
def test_and_nowhere_else(url: str) -> None:
    with pytest.raises(WebhookRefusedError):
        check(url, ORIGINS)
