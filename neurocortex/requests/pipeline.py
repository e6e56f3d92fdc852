"""A pipeline: how one operation is validated, estimated, cached and run, in one value.

One file with a `Pipeline` in it, named in `NEUROCORTEX_GATEWAY__PIPELINES`, adds an operation.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import BaseModel

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import Resources
from neurocortex.requests.request import Request
from neurocortex.requests.steps import Steps

RequestT = TypeVar("RequestT", bound=Request)
ResultT = TypeVar("ResultT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What serving a request is expected to take."""

    seconds: float
    """Processing time of one request, in seconds."""
    needs: Resources = field(default_factory=Resources)
    """What it holds meanwhile; memory of 0: what its deployment says."""
    tokens: int = 0
    """Of language models, in and out."""
    cpu_s: float | None = None
    """Processor time of its flow run; None: what runs of its deployment took lately counts."""


@dataclass(frozen=True, slots=True)
class Standard(Generic[RequestT]):
    """The Prefect deployment that serves a request as a flow run of its own."""

    deployments: Mapping[Tier, str]
    """`FLOW/DEPLOYMENT` for each tier it is deployed on."""
    parameters: Callable[[RequestT], Mapping[str, object]]
    """The flow's parameters, as JSON values."""


@dataclass(frozen=True, slots=True)
class Caching(Generic[RequestT, ResultT]):
    """How long an answer may be given again to the same tenant."""

    ttl_s: float
    tags: Callable[[RequestT], tuple[str, ...]]
    """What makes the answer stale when it changes, e.g. `collection:papers`."""
    lasts: Callable[[ResultT], bool] | None = None
    """Whether an answer is kept: not one that stands in for a better one while an LLM is away.
    None: all are."""


@dataclass(frozen=True, slots=True)
class Pipeline(Generic[RequestT, ResultT]):
    """How one operation is served: in the real-time lane, the standard lane, or either."""

    operation: str
    """Its name in a request, e.g. `answer`."""
    family: str
    """Its type: `nlp`, `ml`, `vector`, or one of your own."""
    summary: str
    """One line for people who read the API's description."""
    request: type[RequestT]
    result: type[ResultT]
    tier: Tier
    """Where it goes unless asked otherwise."""
    estimate: Callable[[RequestT], Estimate]
    realtime: Callable[[RequestT, Steps], Awaitable[ResultT]] | None = None
    """The DAG of its tasks. It must end within the lane's timeout."""
    standard: Standard[RequestT] | None = None
    caching: Caching[RequestT, ResultT] | None = None
    """None: every request is processed."""
    writes: bool = False
    """Whether it changes data, which the role reader may not."""
    outdates: Callable[[RequestT], tuple[str, ...]] | None = None
    """Tags of the answers, of all tenants, that are stale once it has served a request; see
    `Caching.tags`."""

    def __post_init__(self) -> None:
        """Refuse a pipeline that nothing can run."""
        if self.realtime is None and self.standard is None:
            raise ValueError(f"pipeline {self.operation!r} has neither lane: give it one")
