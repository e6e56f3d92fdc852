"""A request as numbers: its sizes and switches, and never what it says."""

from collections.abc import Mapping, Sized
from functools import lru_cache
from typing import Any, Final

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

from neurocortex.requests.pipeline import Pipeline
from neurocortex.requests.request import Request

RULE_S: Final = "rule_s"
"""Feature: the seconds that the pipeline's own rule expects."""

RULE_TOKENS: Final = "rule_tokens"
"""Feature: the tokens that it expects."""

BYTES: Final = "bytes"
"""Feature: of the request's JSON."""

ABSENT: Final = -1.0
"""Value of a field that is null."""

COMMON: Final = frozenset(Request.model_fields) - {"stream"}
"""They say how a request is served, not how much it asks for."""


def features_of(pipeline: Pipeline[Any, Any], request: Request, size: int) -> Mapping[str, float]:
    """Return a request's features by name.

    A text or list counts by its length, a switch as 0 or 1, and a number as itself if its field has
    a lower and an upper bound: such a number is an amount, another one may be somebody's.

    Args:
        pipeline: of its operation.
        request: a valid one of its type.
        size: bytes of its JSON.
    """
    estimate = pipeline.estimate(request)
    found = {
        RULE_S: float(estimate.seconds),
        RULE_TOKENS: float(estimate.tokens),
        BYTES: float(size),
    }
    for name, is_amount in _fields(type(request)):
        value = getattr(request, name)
        if value is None:
            found[name] = ABSENT
        elif isinstance(value, bool):
            found[name] = float(value)
        elif isinstance(value, int | float):
            if is_amount:
                found[name] = float(value)
        elif isinstance(value, Sized):
            found[name] = float(len(value))
    return found


@lru_cache(maxsize=256)
def _fields(kind: type[Request]) -> tuple[tuple[str, bool], ...]:
    """Return the fields of a type of request that are its own, and whether each is an amount."""
    return tuple(
        (name, _is_amount(field))
        for name, field in kind.model_fields.items()
        if name not in COMMON and name != "operation"
    )


def _is_amount(field: FieldInfo) -> bool:
    has_lower = any(isinstance(each, Ge | Gt) for each in field.metadata)
    return has_lower and any(isinstance(each, Le | Lt) for each in field.metadata)
