"""The operations that exist, and how bytes become one of their requests."""

from collections.abc import Iterable, Iterator
from functools import reduce
from importlib import import_module
from operator import or_
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from neurocortex.errors import (
    InvalidRequestError,
    PipelineError,
    RequestError,
    UnknownOperationError,
)
from neurocortex.requests.pipeline import Pipeline
from neurocortex.requests.request import Request
from neurocortex.requests.texts import refuse_nul

AnyPipeline = Pipeline[Any, Any]


class Registry:
    """Pipelines by their operation. Frozen once made: every process of a platform has the same."""

    def __init__(self, pipelines: Iterable[AnyPipeline]) -> None:
        """Take these pipelines.

        Raises:
            PipelineError: two serve one operation, or there is none.
        """
        self._pipelines: dict[str, AnyPipeline] = {}
        for pipeline in pipelines:
            if pipeline.operation in self._pipelines:
                raise PipelineError(pipeline.operation, "two pipelines serve this operation")
            self._pipelines[pipeline.operation] = pipeline
        if not self._pipelines:
            raise PipelineError("none", "NEUROCORTEX_GATEWAY__PIPELINES names no pipeline")
        self._any: TypeAdapter[Request] = TypeAdapter(self.union())

    @classmethod
    def load(cls, modules: Iterable[str]) -> "Registry":
        """Import modules by name; each has a `Pipeline` under the name `PIPELINE`.

        Raises:
            PipelineError: a module cannot be imported or has none.
        """
        return cls(_pipeline_of(name) for name in modules)

    def __iter__(self) -> Iterator[AnyPipeline]:
        """Yield the pipelines in the order they were given."""
        return iter(self._pipelines.values())

    def __getitem__(self, operation: str) -> AnyPipeline:
        """Return the pipeline of an operation.

        Raises:
            UnknownOperationError: there is none.
        """
        try:
            return self._pipelines[operation]
        except KeyError:
            raise UnknownOperationError(operation, tuple(self._pipelines)) from None

    def union(self) -> Any:
        """Return the type of all requests, told apart by `operation`; for an API's description."""
        kinds = [pipeline.request for pipeline in self]
        if len(kinds) == 1:
            return kinds[0]
        return Annotated[reduce(or_, kinds), Field(discriminator="operation")]

    def parse(self, body: bytes | str) -> Request:
        """Decode the JSON of one request.

        Raises:
            InvalidRequestError: it is no JSON, or a field is missing, unknown or not allowed; it
                lists every one with its place.
            UnknownOperationError: no pipeline serves the operation.
            UnrecordableError: a text in it holds U+0000, which neither PostgreSQL nor Prefect keep.
        """
        try:
            request = self._any.validate_json(body)
        except ValidationError as error:
            raise self._refusal(error) from None
        refuse_nul(body)
        return request

    def _refusal(self, error: ValidationError) -> RequestError:
        problems = error.errors(include_url=False)
        for problem in problems:
            if problem["type"] == "union_tag_invalid":
                return UnknownOperationError(problem["ctx"]["tag"], tuple(self._pipelines))
            # Pydantic has no tags where there is one kind of request only.
            if problem["loc"] == ("operation",) and isinstance(problem["input"], str):
                return UnknownOperationError(problem["input"], tuple(self._pipelines))
        return InvalidRequestError([(self._place(each["loc"]), each["msg"]) for each in problems])

    def _place(self, location: tuple[int | str, ...]) -> str:
        # Pydantic puts the tag of the union in front of a place.
        inside = location[1:] if location and location[0] in self._pipelines else location
        return ".".join(str(part) for part in inside)


def _pipeline_of(name: str) -> AnyPipeline:
    try:
        module = import_module(name)
    except ImportError as error:
        raise PipelineError(name, f"it cannot be imported: {error}") from error
    found = getattr(module, "PIPELINE", None)
    if not isinstance(found, Pipeline):
        raise PipelineError(name, "it has no Pipeline under the name PIPELINE")
    return found
