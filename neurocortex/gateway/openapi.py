"""The description of the API (OpenAPI 3.1): what FastAPI cannot read off the routes.

Bodies are read and checked by the registry, whose union of requests is described here.
"""

from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, Field, TypeAdapter

from neurocortex.gateway.problems import MEDIA_TYPE as PROBLEM
from neurocortex.gateway.sse import MEDIA_TYPE as EVENTS
from neurocortex.requests.registry import Registry

TITLE: Final = "NeuroCortex"
VERSION: Final = version("neurocortex")
DESCRIPTION: Final = (
    "Ask for work on priority tiers. Short work is answered at once by the real-time lane; longer"
    " work becomes a Prefect flow run, which is followed by its id."
)

Document = dict[str, Any]
"""A part of an OpenAPI document: JSON, whose shape the specification gives."""

Responses = dict[int | str, Document]

JSON: Final = "application/json"
REF: Final = "#/components/schemas/{model}"

REQUEST_SCHEMA: Final = "AnyRequest"
RESULT_SCHEMA: Final = "AnyResult"

REASONS: Final[Mapping[int, str]] = {
    400: "The request is not valid; `problems` lists each place.",
    401: "No credential, or one that proves nothing.",
    403: "The credential may not do that.",
    404: "There is no such thing, or not for this tenant.",
    405: "The address has no such method.",
    408: "The request did not come in within the time.",
    409: "The state of the thing does not allow that now.",
    413: "The request is too large.",
    422: "It cannot be done as asked.",
    429: "Too many; `Retry-After` says when to come again.",
    500: "Something went wrong here.",
    501: "Something is not configured here; `detail` says how.",
    502: "A provider refused or failed.",
    503: "It cannot be served now; `Retry-After` says when to come again.",
    504: "There was no answer within the time.",
}


class ProblemDocument(BaseModel):
    """Why a call was refused or failed (RFC 9457)."""

    type: str = Field(description="Names the kind of problem; equal for equal `code`.")
    title: str
    status: int
    code: str = Field(description="Stable: programs may tell problems apart by it.")
    detail: str = Field(description="What is wrong, and what to do, for people.")
    retry_after_s: float | None = Field(None, description="When to come again, in seconds.")


class Health(BaseModel):
    """How a process is."""

    status: str = Field(description="`ok`, or `away`: something that requests need is away.")
    away: dict[str, str] = Field({}, description="What is away, and why.")


class EventDocument(BaseModel):
    """One server-sent event, as its fields are once parsed."""

    data: str = Field(description="JSON in one line.")
    event: str = Field("message", description="What kind of event it is, e.g. `part`.")
    id: str | None = None


def refusals(*statuses: int) -> Responses:
    """Describe answers that are problem documents."""
    schema = {"$ref": REF.format(model="ProblemDocument")}
    return {
        status: {"description": REASONS[status], "content": {PROBLEM: {"schema": schema}}}
        for status in statuses
    }


def json_response(description: str, schema: str, status: int = 200, *others: str) -> Responses:
    """Describe an answer in JSON by the name of its schema, or of those it may have."""
    any_of = [{"$ref": REF.format(model=each)} for each in (schema, *others)]
    content = {JSON: {"schema": {"anyOf": any_of} if others else any_of[0]}}
    return {status: {"description": description, "content": content}}


def or_events(responses: Responses) -> Responses:
    """Describe an answer that comes as server-sent events where a stream is asked for."""
    responses[200]["content"][EVENTS] = {"schema": {"$ref": REF.format(model="EventDocument")}}
    return responses


def text_response(description: str, media_type: str = "text/plain") -> Responses:
    """Describe an answer that is text."""
    return {
        200: {"description": description, "content": {media_type: {"schema": {"type": "string"}}}}
    }


def any_response(description: str, media_type: str = JSON) -> Responses:
    """Describe an answer whose shape is described elsewhere."""
    return {200: {"description": description, "content": {media_type: {"schema": {}}}}}


def event_response(description: str) -> Responses:
    """Describe an answer of server-sent events."""
    content = {EVENTS: {"schema": {"$ref": REF.format(model="EventDocument")}}}
    return {200: {"description": description, "content": content}}


def json_body(schema: str, examples: Mapping[str, object] | None = None) -> Document:
    """Describe the body of a call by the name of its schema, for `openapi_extra`."""
    media: Document = {"schema": {"$ref": REF.format(model=schema)}}
    if examples:
        media["examples"] = {name: {"value": value} for name, value in examples.items()}
    return {"requestBody": {"required": True, "content": {JSON: media}}}


NOT_READY: Final = json_response("Something that requests need is away.", "Health", 503)


def describe(app: FastAPI, registry: Registry, *models: type[BaseModel]) -> None:
    """Have `/openapi.json` name every schema that the routes refer to.

    Args:
        app: whose routes are all there.
        registry: its requests and results are described.
        models: further schemas.
    """
    made: Document | None = None

    def document() -> Document:
        nonlocal made
        if made is None:
            made = get_openapi(
                title=TITLE, version=VERSION, description=DESCRIPTION, routes=app.routes
            )
            components = made.setdefault("components", {})
            components["schemas"] = _schemas(
                registry, (ProblemDocument, Health, EventDocument, *models)
            )
            components["securitySchemes"] = {
                "bearer": {"type": "http", "scheme": "bearer", "description": "API key or JWT."},
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            }
            made["security"] = [{"bearer": []}, {"key": []}]
        return made

    app.openapi = document  # type: ignore[method-assign]


def _schemas(registry: Registry, models: tuple[type[BaseModel], ...]) -> Document:
    found: Document = {}
    for model in models:
        _add(found, model.__name__, TypeAdapter(model).json_schema)
    _add(found, REQUEST_SCHEMA, TypeAdapter(registry.union()).json_schema)
    for pipeline in registry:
        name = pipeline.result.__name__
        _add(found, name, TypeAdapter(pipeline.result).json_schema)
    results = sorted({pipeline.result.__name__ for pipeline in registry})
    found[RESULT_SCHEMA] = {"anyOf": [{"$ref": REF.format(model=name)} for name in results]}
    return found


def _add(schemas: Document, name: str, schema_of: Callable[..., Document]) -> None:
    """Add a schema, and those that it refers to, each under its own name."""
    schema = schema_of(ref_template=REF, by_alias=True)
    schemas.update(schema.pop("$defs", {}))
    schemas[name] = schema
