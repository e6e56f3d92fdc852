"""What a secret is called, and what it looks like inside of a text.

Every pattern takes time in proportion to the text: inputs may be half a megabyte of anything.
"""

import re
from typing import Final

from neurocortex.settings import MASK

SECRET_PARTS: Final = (
    *("password", "passwd", "passphrase", "secret", "token", "credential", "authorization"),
    *("cookie", "signature", "bearer", "apikey", "accesskey", "privatekey", "sharedkey"),
    *("accountkey", "signingkey", "encryptionkey"),
)
"""A name with one of these anywhere in it, `-` and `_` left out, names a secret."""

SECRET_WORDS: Final = frozenset({"key", "keys", "pass", "pwd", "pw", "pin", "auth", "jwt", "otp"})
"""These must be whole words of it: `api_key` and `apiKey`, not `monkey` and `keyword`."""

ERROR_NAMES: Final = ("error", "exception", "warning")
"""`InvalidTokenError: text` in a message names no secret."""

WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
RUN: Final = re.compile(r"\S+")
ASSIGNMENT: Final = re.compile(
    r"""(?<![\w-])([\w-]++)(\\?["']?\s*+[:=]\s*+)"""
    r"""((?:(?i:bearer|basic|digest|token)\s++)?)"""
    r"""((?:"(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+')(?![^\s,;&)\]}])"""
    r"""|(?:(?![,;&]\s*+["']?[\w-]++["']?\s*+[:=])\S)++)""",
    re.DOTALL,
)
"""`password=...`, `"token": "..."`, `Authorization: Bearer ...`.

A value without quotes goes on to the next space, or to the next such pair."""

BEARER: Final = re.compile(r"(?i)\b(bearer\s++)[\w.~+/=-]{8,}+")
PRIVATE_KEY: Final = re.compile(r"-----BEGIN [A-Z ]*+-----.*", re.DOTALL)
KNOWN: Final = re.compile(
    r"\b(?:sk-[\w-]{16,}+|gh[pousr]_\w{20,}+|github_pat_\w{20,}+|xox[abprs]-[\w-]{10,}+"
    r"|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[\w-]{30,}+|pn[ub]_\w{20,}+"
    r"|eyJ[\w-]{10,}+\.[\w-]{10,}+(?:\.[\w-]++)?)"
)
"""Keys of OpenAI, GitHub, Slack, AWS, Google and Prefect, and JSON web tokens, by their prefix."""


def is_secret_name(name: str) -> bool:
    """Tell whether a name says that its value is a secret."""
    return _has_secret_part(name) or any(
        word.lower() in SECRET_WORDS for word in WORDS.findall(name)
    )


def hide(text: str, secrets: frozenset[str] = frozenset()) -> str:
    """Return a text with what looks like a secret hidden, and each of the `secrets`.

    Hidden are URLs' passwords, values of `name=value` and `name: value` whose name says so,
    bearer tokens, private keys, and keys of well-known prefixes.
    """
    for secret in sorted(secrets, key=len, reverse=True):  # one may hold another
        text = text.replace(secret, MASK)
    text = PRIVATE_KEY.sub(MASK, text)
    text = RUN.sub(lambda found: _without_password(found.group()), text)
    text = ASSIGNMENT.sub(_without_value, text)
    text = BEARER.sub(rf"\g<1>{MASK}", text)
    return KNOWN.sub(MASK, text)


def _has_secret_part(name: str) -> bool:
    squashed = "".join(filter(str.isalnum, name)).lower()
    return any(part in squashed for part in SECRET_PARTS)


def _without_password(run: str) -> str:
    """Hide from the first colon after `://` to the last `@`: a password may hold either."""
    scheme, at = run.find("://"), run.rfind("@")
    colon = run.find(":", scheme + 3, at) if 0 <= scheme < at else -1
    return run if colon < 0 else f"{run[: colon + 1]}{MASK}{run[at:]}"


def _without_value(found: "re.Match[str]") -> str:
    name, between, scheme, value = found.groups()
    # `key: value` is too common in prose; names are taken at their whole word in inputs only.
    is_secret = _has_secret_part(name) or name.lower() in {"pwd", "pass", "pw"}
    if not is_secret or name.lower().endswith(ERROR_NAMES):
        return found.group()
    quote = value[0] if value[0] in "\"'" else ""
    return f"{name}{between}{scheme}{quote}{MASK}{quote}"
