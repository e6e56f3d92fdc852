"""Which providers a request allows to be chosen."""

from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from neurocortex.domain.choices import AUTO
from neurocortex.domain.strict import Strict

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


Fallbacks = Annotated[tuple[Name, ...], Field(max_length=5)]

FALLBACKS: Final = (
    "LLM Provider blocks that are asked when the named one fails, in order. With `auto` leave it"
    " out: there the next best is asked."
)


class Limits(Strict):
    """Only these; what is left out limits nothing."""

    providers: tuple[Name, ...] = Field((), max_length=100, description="Names of provider blocks.")
    regions: tuple[Name, ...] = Field(
        (), max_length=100, description="All endpoints of the provider must be in one of these."
    )
    data_class: Name | None = Field(
        None,
        description="Class of the data that is sent, e.g. `confidential`. Only providers that the"
        " policy names for that class may see it.",
    )
    cost: float | None = Field(
        None, ge=0, description="Expected cost of one call at most, in the currency of the prices."
    )


def only_with_auto(provider: str, limits: Limits) -> None:
    """Make sure that limits are not given in vain.

    Raises:
        ValueError: a provider is named, so nothing is chosen.
    """
    if provider != AUTO and limits != Limits():
        raise ValueError(f"`choose` limits what {AUTO!r} may choose: a provider is named already")


def only_with_a_name(provider: str, fallbacks: Sequence[str]) -> None:
    """Make sure that fallbacks are not given in vain.

    Raises:
        ValueError: nobody is named whom they could stand in for.
    """
    if fallbacks and provider in ("", AUTO):
        named = "nobody is asked" if not provider else f"{AUTO!r} asks the next best itself"
        raise ValueError(f"`fallbacks` stand in for a named provider: {named}")
