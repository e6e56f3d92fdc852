"""The base of all groups."""

from typing import Final

from pydantic import BaseModel, ConfigDict

PREFIX: Final = "NEUROCORTEX_"

URL_PATTERN: Final = r"^[a-z][a-z0-9+.-]*://.+"


class Group(BaseModel):
    """A small family of settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
