"""Names that are the same in every run: what makes loading twice change nothing."""

from typing import Final
from uuid import UUID, uuid5

NAMESPACE: Final = UUID("6f0f2b1c-6a53-5d0e-9d5b-4e9c3a1f7d20")
"""The namespace of NeuroCortex's documents."""


def document_id(collection: str, source: str) -> UUID:
    """Return the id of the document from `source` in `collection` (uuid5, RFC 9562).

    The length of the collection's name stands first, so that no two pairs share an id.
    """
    return uuid5(NAMESPACE, f"{len(collection)}:{collection}{source}")
