"""A result's address: what Prefect carries from its cache policy to its storage, as one text.

`TENANT:NAMESPACE:DIGEST?ttl=SECONDS&tag=TAG&tag=TAG`. Whoever holds the address can read the entry,
and whoever computes it knows how long it is kept and by which tags it ends.
"""

from dataclasses import dataclass
from urllib.parse import parse_qs, quote, unquote, urlencode

from neurocortex.cache.keys import Key
from neurocortex.errors import UnkeyableValueError


@dataclass(frozen=True, slots=True)
class Address:
    """Where a result is kept, and for how long."""

    key: Key
    ttl_s: float
    """Fresh for so long; no level keeps it longer than that level's own limit."""
    tags: tuple[str, ...] = ()
    """Names that it can be invalidated by."""

    def __str__(self) -> str:
        pairs = [("ttl", f"{self.ttl_s:.15g}"), *(("tag", tag) for tag in self.tags)]
        return f"{quote(self.key.text, safe=':')}?{urlencode(pairs)}"


def parse(text: str) -> Address:
    """Return the address that was written as this text.

    Raises:
        UnkeyableValueError: it is none.
    """
    _, _, query = text.partition("?")
    try:
        options = parse_qs(query, keep_blank_values=True, strict_parsing=True)
        (ttl,) = options["ttl"]
        return Address(key_of_text(text), float(ttl), tuple(options.get("tag", ())))
    except (KeyError, ValueError):
        raise UnkeyableValueError(
            f"{text!r}",
            "it names no tenant and no time to live; give the task a"
            " `cache_policy` of tasks/caching.py",
        ) from None


def key_of_text(text: str) -> Key:
    """Return the key whose `text` this is, or that of an address.

    Raises:
        UnkeyableValueError: it has not three parts, or one of them is not allowed.
    """
    parts = unquote(text.partition("?")[0]).split(":")
    if len(parts) != 3:
        raise UnkeyableValueError(f"{text!r}", "a key is TENANT:NAMESPACE:DIGEST")
    return Key(*parts)
