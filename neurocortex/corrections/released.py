"""What became of entries that were to be released."""

from collections.abc import Mapping
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Released(BaseModel):
    """What was brought into the Lake, and what still cannot be."""

    model_config = ConfigDict(frozen=True)

    target: str
    load_id: UUID | None
    """The load that brought them; None where nothing passed."""
    released: tuple[int, ...]
    """Ids of the entries that are in the Lake now."""
    refused: Mapping[int, str]
    """Why the others are not, by their ids."""
