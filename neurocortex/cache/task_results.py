"""Results of tasks as bytes: what Prefect writes, and what of it may be read back.

Prefect reads a record with whatever serializer the record names, pickle too, and its JSON makes a
value of any class that can be imported, functions included. Redis and disks are shared, so whoever
can write there could run code in every worker.
"""

import json
import sys
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from prefect.serializers import JSONSerializer
from pydantic import BaseModel, TypeAdapter

from neurocortex.errors import CorruptEntryError

PLAIN: Final = (date, time, timedelta, UUID, Decimal)
"""What may be made beside models; a datetime is a date."""

CLASS: Final = "__class__"
"""Where Prefect's encoder names the class of a value."""


def restored(found: dict[str, Any]) -> Any:
    """Make models and plain values of decoded JSON: the hook of `SERIALIZER`.

    Raises:
        CorruptEntryError: it names another class, or one that this process has not imported.
    """
    if CLASS not in found:
        return found
    module, _, name = str(found[CLASS]).rpartition(".")
    kind = getattr(sys.modules.get(module), name, None)  # never imported on the bytes' word
    if not isinstance(kind, type) or not issubclass(kind, (BaseModel, *PLAIN)):
        raise CorruptEntryError(f"No result may be of the class {found[CLASS]!r}.")
    return TypeAdapter(kind).validate_python(found.get("data"))


SERIALIZER: Final[JSONSerializer[Any]] = JSONSerializer(
    object_decoder=f"{__name__}.{restored.__name__}"
)
"""The only one that results in the Cache are written and read with."""

_DESCRIBED: Final = SERIALIZER.model_dump(mode="json")


def is_readable(content: bytes) -> bool:
    """Tell whether a record names `SERIALIZER` and no other."""
    try:
        return bool(json.loads(content)["metadata"]["serializer"] == _DESCRIBED)
    except (ValueError, KeyError, TypeError):
        return False
