"""An example of each operation's request, for the API's description."""

from collections.abc import Mapping
from typing import Any

from neurocortex.requests.registry import AnyPipeline

Schema = Mapping[str, Any]
"""A part of a JSON Schema."""


def sample(pipeline: AnyPipeline) -> dict[str, object]:
    """Return an example that the request's model gives, else its required fields, filled in."""
    schema = pipeline.request.model_json_schema()
    given = schema.get("examples")
    if given:
        return {"operation": pipeline.operation, **given[0]}
    defs: Schema = schema.get("$defs", {})
    required = [name for name in schema.get("required", ()) if name != "operation"]
    fields = {name: _value(schema["properties"][name], defs, name) for name in required}
    return {"operation": pipeline.operation, **fields}


def _value(schema: Schema, defs: Schema, name: str) -> object:
    """Return a value that fits a schema: the first choice, the smallest, a field's name as text."""
    if "$ref" in schema:
        return _value(defs[schema["$ref"].rpartition("/")[2]], defs, name)
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return _value(schema["anyOf"][0], defs, name)
    match schema.get("type"):
        case "array":
            return [_value(schema.get("items", {}), defs, name)]
        case "object":
            required = schema.get("required", ())
            return {each: _value(schema["properties"][each], defs, each) for each in required}
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
        case _:
            return name
