"""JSON Schemas that callers send: which may be used, and whether a value follows one.

They come from strangers, so what could read from elsewhere (remote references), or take for ever
(patterns, references in circles, alternatives of alternatives), is refused at the edge.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from pydantic import JsonValue
from referencing import Registry

MAX_CHARS: Final = 20_000
"""Of a schema, as JSON: it is a part of every prompt."""

MAX_PARTS: Final = 2000
"""Of a schema whose references are filled in: a value is compared with each, at worst."""

MAX_PROBLEMS: Final = 10
"""Told of one value: an LLM mends no more at once, and no person reads more."""

MAX_REASON: Final = 200
"""Characters of a problem: it quotes the value, which may be long."""

DEFS: Final = "#/$defs/"

NESTED: Final = frozenset({"items", "additionalProperties"})
"""Keywords whose value is a schema, or a boolean."""
LISTED: Final = frozenset({"anyOf", "prefixItems"})
NAMED: Final = frozenset({"properties"})
_PLAIN: Final = (
    "type required enum const title description format default examples minimum maximum"
    " exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength minItems maxItems"
    " minProperties maxProperties $schema $ref $defs"
)
KEYWORDS: Final = NESTED | LISTED | NAMED | frozenset(_PLAIN.split())

Schema = Mapping[str, JsonValue]
Problems = Sequence[tuple[str, str]]
"""Places, as JSON paths, and what is wrong there."""


def check(schema: Schema) -> None:
    """Make sure that a schema can be used.

    Raises:
        ValueError: it cannot; the text says where, and why.
    """
    if len(json.dumps(schema)) > MAX_CHARS:
        raise ValueError(f"it is longer than {MAX_CHARS} characters of JSON")
    if schema.get("type") != "object":
        raise ValueError("at $: its `type` must be `object`; put a list into a property")
    _size(dict(schema), schema, "$", ())
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise ValueError(f"at {error.json_path}: {_short(error.message)}") from None


def problems_of(value: JsonValue, schema: Schema) -> Problems:
    """Return where a value does not follow a schema that was checked, and why."""
    # Without this registry a reference would be fetched from where it points to.
    validator = Draft202012Validator(schema, registry=Registry())
    found: list[tuple[str, str]] = []
    for error in validator.iter_errors(value):
        found.append((error.json_path, _short(error.message)))
        if len(found) == MAX_PROBLEMS:
            break
    return found


def _size(part: JsonValue, root: Schema, place: str, within: tuple[str, ...]) -> int:
    """Return how many parts a schema has, its references filled in."""
    if isinstance(part, bool):
        return 1
    if not isinstance(part, Mapping):
        raise ValueError(f"at {place}: a schema is an object")
    for keyword in part:
        if keyword not in KEYWORDS:
            raise ValueError(f"at {place}: the keyword {keyword!r} is not among those that count")
    size = 1
    reference = part.get("$ref")
    if reference is not None:
        size += _size(*_referred(reference, root, place, within))
    for inner, at in _inside(part, place):
        size += _size(inner, root, at, within)
        if size > MAX_PARTS:
            raise ValueError(f"it has more than {MAX_PARTS} parts, its references filled in")
    return size


def _referred(
    reference: JsonValue, root: Schema, place: str, within: tuple[str, ...]
) -> tuple[JsonValue, Schema, str, tuple[str, ...]]:
    """Return what a reference stands for, as `_size` takes it."""
    definitions = root.get("$defs")
    name = reference.removeprefix(DEFS) if isinstance(reference, str) else ""
    if not isinstance(definitions, Mapping) or reference != DEFS + name or name not in definitions:
        raise ValueError(f"at {place}: `$ref` must be {DEFS}NAME, with NAME in the root's `$defs`")
    if name in within:
        raise ValueError(f"at {place}: {name!r} refers to itself")
    return definitions[name], root, f"$.$defs.{name}", (*within, name)


def _inside(part: Schema, place: str) -> Iterator[tuple[JsonValue, str]]:
    for keyword, value in part.items():
        if keyword in NESTED:
            yield value, f"{place}.{keyword}"
        elif keyword in LISTED and isinstance(value, list):
            for number, each in enumerate(value):
                yield each, f"{place}.{keyword}[{number}]"
        elif keyword in NAMED and isinstance(value, Mapping):
            for name, each in value.items():
                yield each, f"{place}.{keyword}.{name}"


def _short(message: str) -> str:
    return message if len(message) <= MAX_REASON else f"{message[: MAX_REASON - 1]}…"
