"""What a pipeline's YAML says: Haystack's own form, with the pipeline's interface beside it.

`components`, `connections` and the rest are as `Pipeline.dumps` writes them. `inputs` and `outputs`
are as Hayhooks has them (https://github.com/deepset-ai/hayhooks): what may be given, and what comes
back. `parameters` are values with a default that a run may choose; `$name` stands for one as a
whole value below `init_parameters`, and `$$` begins a text that has a `$` itself.
"""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Annotated, Final, Self

from pydantic import BeforeValidator, Field, JsonValue, ValidationInfo, model_validator

from neurocortex.domain.strict import Strict, problem

Scalar = str | bool | int | float

MODULES: Final = "modules"
"""Key of the validators' context: which modules components may come from."""

TRUSTED: Final = (
    "haystack",
    "haystack_integrations",
    "neurocortex.adapters",
    "neurocortex.engines.haystack_pipelines",
)
"""Modules whose components every pipeline may have."""

PLACEHOLDER: Final = re.compile(r"^\$([a-z][a-z0-9_]*)$")

_SOCKET: Final = re.compile(r"^[^.\s]+\.[^.\s]+$")

Place = tuple[str | int, ...]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


class ComponentSpec(Strict):
    """One component."""

    type: str = Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$", max_length=300)
    init_parameters: Mapping[str, JsonValue] = {}


class Connection(Strict):
    """Where the output of a component goes: `component.socket`, or `component` where it has one."""

    sender: str
    receiver: str


class PipelineSpec(Strict):
    """A pipeline."""

    summary: str = Field(min_length=1, max_length=300)
    parameters: Mapping[str, Scalar] = {}
    inputs: Mapping[str, Annotated[tuple[str, ...], BeforeValidator(_listed)]] = Field(min_length=1)
    outputs: Mapping[str, str] = Field(min_length=1)
    components: Mapping[str, ComponentSpec] = Field(min_length=1)
    connections: tuple[Connection, ...] = ()
    metadata: Mapping[str, JsonValue] = {}
    max_runs_per_component: int = Field(100, ge=1, le=1000)
    connection_type_validation: bool = True

    @model_validator(mode="after")
    def _components_are_trusted(self, info: ValidationInfo) -> Self:
        allowed = (*TRUSTED, *(info.context or {}).get(MODULES, ()))
        for name, component in self.components.items():
            place: Place = ("components", name, "init_parameters")
            for where, kind in (
                (("components", name, "type"), component.type),
                *_classes(component.init_parameters, place),
            ):
                if not _is_within(kind, allowed):
                    raise problem(
                        where,
                        f"{kind} is not of a trusted module ({', '.join(allowed)}). An operator"
                        " adds one by NEUROCORTEX_PIPELINES__MODULES.",
                    )
        return self

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        for number, connection in enumerate(self.connections):
            for end, socket in (("sender", connection.sender), ("receiver", connection.receiver)):
                self._require(socket.partition(".")[0], ("connections", number, end))
        for name, sockets in self.inputs.items():
            for socket in sockets:
                self._require_socket(socket, ("inputs", name))
        for name, socket in self.outputs.items():
            self._require_socket(socket, ("outputs", name))
        for name, component in self.components.items():
            for place, used in _placeholders(component.init_parameters):
                if used not in self.parameters:
                    raise problem(
                        ("components", name, "init_parameters", *place),
                        f"there is no parameter ${used}.{_hint(used, self.parameters)} Name it and"
                        " its default under `parameters`, or write $$ for a dollar sign.",
                    )
        return self

    def _require_socket(self, socket: str, place: Place) -> None:
        if not _SOCKET.match(socket):
            raise problem(place, f"{socket!r} must be component.socket, such as retriever.query")
        self._require(socket.partition(".")[0], place)

    def _require(self, component: str, place: Place) -> None:
        if component not in self.components:
            raise problem(
                place, f"there is no component {component!r}.{_hint(component, self.components)}"
            )


def filled(value: JsonValue, chosen: Mapping[str, Scalar]) -> JsonValue:
    """Return a value of `init_parameters` with the parameters in their places."""
    match value:
        case str():
            found = PLACEHOLDER.match(value)
            if found:
                return chosen[found[1]]
            return value[1:] if value.startswith("$$") else value
        case list():
            return [filled(each, chosen) for each in value]
        case dict():
            return {name: filled(each, chosen) for name, each in value.items()}
        case _:
            return value


def _placeholders(value: object, place: Place = ()) -> Iterator[tuple[Place, str]]:
    if isinstance(value, str):
        found = PLACEHOLDER.match(value)
        if found:
            yield place, found[1]
    for name, each in _below(value):
        yield from _placeholders(each, (*place, name))


def _classes(value: object, place: Place) -> Iterator[tuple[Place, str]]:
    """Yield what below a component looks like a class that Haystack would import."""
    if isinstance(value, Mapping):
        kind = value.get("type")
        if isinstance(kind, str) and "." in kind:
            yield (*place, "type"), kind
    for name, each in _below(value):
        yield from _classes(each, (*place, name))


def _below(value: object) -> Iterator[tuple[str | int, object]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


def _is_within(kind: str, modules: tuple[str, ...]) -> bool:
    return any(kind.startswith(f"{module}.") for module in modules)


def _hint(name: str, known: Mapping[str, object]) -> str:
    near = get_close_matches(name, known, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
