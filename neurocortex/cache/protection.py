"""What may be kept: the hook for results that hold personal data.

The setting `cache.protection` names an object of yours, `package.module:name`. Unset: all is kept.
"""

import pkgutil
from typing import Final, Protocol, runtime_checkable

from neurocortex.cache.keys import Key
from neurocortex.errors import SettingsError


@runtime_checkable
class Protection(Protocol):
    """Asked for each result that is written to the cache or read from it, as bytes of JSON.

    Both are called in the cache's event loop: quick work only. An error in `protect` means that the
    result is not kept, one in `reveal` that it is computed again.
    """

    def protect(self, key: Key, content: bytes) -> bytes | None:
        """Return what to keep: the content, the content encrypted, or None to keep nothing."""
        ...

    def reveal(self, key: Key, content: bytes) -> bytes:
        """Return the content of what `protect` gave."""
        ...


class KeepAll:
    """Keeps every result as it is."""

    def protect(self, key: Key, content: bytes) -> bytes | None:  # noqa: ARG002
        """See `Protection.protect`."""
        return content

    def reveal(self, key: Key, content: bytes) -> bytes:  # noqa: ARG002
        """See `Protection.reveal`."""
        return content


KEEP_ALL: Final = KeepAll()


def named(name: str | None) -> Protection:
    """Return the protection of that name, `package.module:name`; None: all is kept.

    Raises:
        SettingsError: there is no such object, or it lacks `protect` or `reveal`.
    """
    if name is None:
        return KEEP_ALL
    try:
        found: object = pkgutil.resolve_name(name)
    except (ImportError, AttributeError, ValueError) as error:
        raise SettingsError(
            f"NEUROCORTEX_CACHE__PROTECTION = {name!r}: it cannot be imported ({error});"
            " give it as `package.module:name`."
        ) from error
    if not isinstance(found, Protection):
        raise SettingsError(
            f"NEUROCORTEX_CACHE__PROTECTION = {name!r}: it has no methods `protect` and `reveal`."
        )
    return found
