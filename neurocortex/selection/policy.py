"""What operators say about the choice of providers, in one YAML file:

    weights:
      chat: {accuracy: 1, latency: 3, cost: 1, load: 1, half_seconds: 2}
    providers:
      local: {data_classes: [internal, confidential]}
      hosted: {data_classes: [internal]}

An operation that is not named has the weights of `Weights()`; a provider that is not named may see
data of no class.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final, Self

from pydantic import Field, model_validator

from neurocortex import spec_file
from neurocortex.domain.strict import Strict


class Weights(Strict):
    """How much each factor counts for one operation, relative to the others."""

    accuracy: float = Field(5.0, ge=0, le=1000, description="How good its answers were judged.")
    latency: float = Field(2.0, ge=0, le=1000, description="How soon it answers.")
    cost: float = Field(2.0, ge=0, le=1000, description="What a call costs.")
    load: float = Field(1.0, ge=0, le=1000, description="How many of our calls are under way.")
    half_seconds: float = Field(
        3.0, gt=0, le=3600, description="An answer after so many seconds is worth half."
    )
    half_cost: float = Field(0.01, gt=0, le=1e6, description="A call at such a cost is worth half.")
    half_load: float = Field(
        8.0, gt=0, le=1e6, description="With so many calls under way, another is worth half."
    )

    @model_validator(mode="after")
    def _something_counts(self) -> Self:
        if self.total <= 0:
            raise ValueError("one of accuracy, latency, cost and load must be above 0")
        return self

    @property
    def total(self) -> float:
        """The sum of the weights."""
        return self.accuracy + self.latency + self.cost + self.load


class ProviderRules(Strict):
    """What one provider may be asked."""

    data_classes: tuple[str, ...] = Field((), description="Classes of data that it may see.")


class Policy(Strict):
    """The file."""

    weights: Mapping[str, Weights] = Field({}, description="By operation.")
    providers: Mapping[str, ProviderRules] = Field({}, description="By name of the block.")

    def weights_of(self, operation: str) -> Weights:
        """Return what counts for an operation."""
        return self.weights.get(operation, DEFAULT_WEIGHTS)

    def classes_of(self, provider: str) -> frozenset[str]:
        """Return the classes of data that a provider may see."""
        rules = self.providers.get(provider)
        return frozenset(rules.data_classes) if rules is not None else frozenset()


DEFAULT_WEIGHTS: Final = Weights()


def read(path: Path | None) -> Policy:
    """Return the policy of a file; None: nothing is said.

    It is read again when it has changed.

    Raises:
        SpecFileMissingError: there is no such file.
        SpecFileError: it cannot be read, or says what cannot be; with each line.
    """
    if path is None:
        return Policy()
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        changed = 0  # reading it says what is wrong
    return _read(path, changed)


@lru_cache(maxsize=4)
def _read(path: Path, changed: int) -> Policy:  # noqa: ARG001 - another version is another key
    return spec_file.read(path, Policy)
