"""JSON as what sockets take, and what they give as JSON."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import PurePath
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin
from uuid import UUID

from haystack import Document
from haystack.dataclasses import ChatMessage
from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError

_CONFIG: Final = ConfigDict(arbitrary_types_allowed=True)

_HIDDEN: Final = frozenset({"embedding", "sparse_embedding", "blob"})
"""Of a document: hundreds of numbers, or bytes, that no reader of an answer asked for."""


def decoded(value: JsonValue, kind: Any) -> Any:
    """Return a JSON value as the type of a socket.

    A document is its fields, or just its text; a message is its text, from the user, or what
    `ChatMessage.to_dict` writes.

    Raises:
        ValueError: it is of another type; the text says which is needed.
    """
    kinds = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    if value is None and NoneType in kinds:
        return None
    for each in kinds:
        if each in (Document, ChatMessage):
            return _special(value, each)
        inner = get_args(each)
        if get_origin(each) is list and inner and inner[0] in (Document, ChatMessage):
            items = value if isinstance(value, list) else [value]
            return [_special(item, inner[0]) for item in items]
    if kind is Any:
        return value
    try:
        return _adapter(kind).validate_python(value)
    except ValidationError as error:
        reasons = "; ".join(each["msg"] for each in error.errors(include_url=False))
        raise ValueError(f"{_shown(kind)} is needed: {reasons}") from None


def _adapter(kind: Any) -> TypeAdapter[Any]:
    is_model = isinstance(kind, type) and (issubclass(kind, BaseModel) or is_dataclass(kind))
    return TypeAdapter(kind) if is_model else TypeAdapter(kind, config=_CONFIG)


def _special(value: JsonValue, kind: type[Document] | type[ChatMessage]) -> Document | ChatMessage:
    if isinstance(value, str):
        return Document(content=value) if kind is Document else ChatMessage.from_user(value)
    if not isinstance(value, dict):
        raise ValueError(f"{kind.__name__} is needed: a text, or an object with its fields")
    try:
        return kind.from_dict(dict(value))
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise ValueError(f"{kind.__name__} is needed: {error}") from error


def encoded(value: object) -> JsonValue:
    """Return what a component gave as JSON.

    Documents come without their embeddings, messages as their texts, other dataclasses as their
    fields.

    Raises:
        TypeError: it has no form in JSON.
    """
    match value:
        case Enum():
            return encoded(value.value)
        case None | bool() | int() | float() | str():
            return value
        case datetime() | date():
            return value.isoformat()
        case UUID() | PurePath():
            return str(value)
        case BaseModel():
            written: JsonValue = value.model_dump(mode="json")
            return written
        case ChatMessage() if value.text is not None:
            return value.text
        case Mapping():
            return {str(name): encoded(each) for name, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [encoded(each) for each in value]
    if is_dataclass(value) and not isinstance(value, type):
        hidden = _HIDDEN if isinstance(value, Document) else frozenset[str]()
        return {
            each.name: encoded(getattr(value, each.name))
            for each in fields(value)
            if each.name not in hidden
        }
    raise TypeError(f"a {type(value).__name__} has no form in JSON")


def _shown(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) and not get_args(kind) else str(kind)
