"""The base of values that people write in files: a misspelt key is an error, not a silent no."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

PLACE: Final = "place"
"""Key of a problem's context: where it is, below the value that was being read."""


def problem(place: tuple[str | int, ...], reason: str) -> PydanticCustomError:
    """Return an error for a validator to raise, with its place below the validated value."""
    return PydanticCustomError("problem", "{reason}", {"reason": reason, PLACE: place})


class Strict(BaseModel):
    """Frozen; an unknown key is refused with the nearest one and all that are allowed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _keys_are_known(cls, data: object) -> object:
        if not isinstance(data, Mapping):
            return data
        for key in data:
            if key not in cls.model_fields:
                near = get_close_matches(str(key), cls.model_fields, n=1)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                allowed = ", ".join(cls.model_fields)
                raise problem((str(key),), f"unknown key {key!r}.{hint} Allowed: {allowed}.")
        return data
