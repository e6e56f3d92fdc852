"""Where webhooks may go. Pure.

Only to origins that the operator has named: a client that could name any address would have the
platform call what only the platform can reach (server-side request forgery, OWASP API7:2023).
"""

from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

from neurocortex.errors import WebhookRefusedError

PORTS = {"https": 443, "http": 80}

LONGEST = 2000
"""Characters of an address."""


def check(url: str, origins: Collection[str]) -> None:
    """Make sure that a webhook may go to an address.

    Args:
        url: as a client sent it.
        origins: scheme, host and port, e.g. `https://hooks.example.org`.

    Raises:
        WebhookRefusedError: it may not.
    """
    if len(url) > LONGEST or not url.isascii() or not url.isprintable():
        raise WebhookRefusedError("it is no URL")
    try:
        found = urlsplit(url)
        origin = _origin(found)
        allowed = {_origin(urlsplit(each)) for each in origins}
    except ValueError:
        raise WebhookRefusedError("it is no URL") from None
    if found.username is not None or found.password is not None or "\\" in url:
        raise WebhookRefusedError("it holds a name or a password")
    if origin not in allowed:
        raise WebhookRefusedError(
            "its origin is not in NEUROCORTEX_WEBHOOKS__ORIGINS, which an operator sets"
        )


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or PORTS.get(url.scheme)
