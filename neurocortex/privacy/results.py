"""Results of AI requests in the cache, encrypted: a protection for `cache.protection`.

Set `NEUROCORTEX_CACHE__PROTECTION=neurocortex.privacy.results:ENCRYPTED`. Everything is encrypted,
not only what personal data is found in: that takes some microseconds instead of a look through the
text, and leaves out nothing.
"""

from typing import Final

from neurocortex.cache.keys import Key
from neurocortex.privacy.hiding import Place, decrypted_bytes, encrypted_bytes
from neurocortex.privacy.opening import keyring


class Encrypted:
    """Keeps every result encrypted with AES-256-GCM, bound to its tenant and key."""

    def protect(self, key: Key, content: bytes) -> bytes | None:
        """See `neurocortex.cache.protection.Protection.protect`.

        Raises:
            PrivacyKeyError: the keys cannot be read. The result is then not kept.
        """
        return encrypted_bytes(content, _place(key), keyring())

    def reveal(self, key: Key, content: bytes) -> bytes:
        """See `neurocortex.cache.protection.Protection.reveal`.

        Raises:
            TamperedError: it was changed, or is another key's result. It is then computed again.
            PrivacyKeyError: the keys cannot be read, or the one it was encrypted with is gone.
        """
        return decrypted_bytes(content, _place(key), keyring())


ENCRYPTED: Final = Encrypted()


def _place(key: Key) -> Place:
    return Place(key.tenant, key.text)
