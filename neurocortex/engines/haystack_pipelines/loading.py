"""A pipeline of Haystack from its description, checked before anything runs.

Haystack imports classes by the names in the file, and holds them to an allow-list of modules; what
a file's own types and values may name is checked when it is read, so that the error has a line.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from haystack import Pipeline
from haystack.core.component import InputSocket, OutputSocket
from haystack.core.errors import DeserializationError, PipelineError
from pydantic import JsonValue, TypeAdapter, ValidationError

from neurocortex.engines.haystack_pipelines.catalog import Described
from neurocortex.engines.haystack_pipelines.spec import TRUSTED, PipelineSpec, Scalar, filled
from neurocortex.errors import HaystackFileError, HaystackInputError

_PARAMETERS: Final[TypeAdapter[dict[str, Scalar]]] = TypeAdapter(dict[str, Scalar])


@dataclass(frozen=True, slots=True)
class Loaded:
    """A pipeline that can run, and its sockets as `component.socket`."""

    pipeline: Pipeline
    inputs: Mapping[str, InputSocket]
    outputs: Mapping[str, OutputSocket]


def load(
    described: Described, parameters: Mapping[str, JsonValue], modules: Sequence[str]
) -> Loaded:
    """Return the pipeline.

    Args:
        described: what its file says.
        parameters: in place of the file's defaults, of the same types.
        modules: which components may come from, beside Haystack's and the platform's.

    Raises:
        HaystackInputError: there is no such parameter, or it is of another type.
        HaystackFileError: a component is not there, cannot be made or connected, or lacks an input.
    """
    spec = described.spec
    data = _data(spec, _chosen(described, parameters))
    try:
        pipeline = Pipeline.from_dict(data, allowed_modules=[*TRUSTED, *modules])
    except (PipelineError, DeserializationError, ImportError, ValueError) as error:
        raise HaystackFileError(described.path, _reason(error)) from error
    loaded = Loaded(pipeline, dict(_inputs(pipeline)), dict(_outputs(pipeline)))
    problems = list(_problems(spec, loaded))
    if problems:
        raise HaystackFileError(described.path, "; ".join(problems))
    return loaded


def _chosen(described: Described, parameters: Mapping[str, JsonValue]) -> Mapping[str, Scalar]:
    defaults = described.spec.parameters
    for name, value in parameters.items():
        there = ", ".join(defaults) or "none"
        if name not in defaults:
            raise HaystackInputError(
                described.name, f"it has no parameter {name!r}; there are: {there}"
            )
        kind = type(defaults[name])
        is_whole = kind is float and type(value) is int
        if type(value) is not kind and not is_whole:
            raise HaystackInputError(
                described.name, f"its parameter {name!r} must be {kind.__name__}, not {value!r}"
            )
    try:
        return _PARAMETERS.validate_python({**defaults, **parameters})
    except ValidationError as error:  # NaN, say
        raise HaystackInputError(described.name, str(error)) from None


def _data(spec: PipelineSpec, chosen: Mapping[str, Scalar]) -> dict[str, object]:
    return {
        "metadata": dict(spec.metadata),
        "max_runs_per_component": spec.max_runs_per_component,
        "connection_type_validation": spec.connection_type_validation,
        "components": {
            name: {
                "type": component.type,
                "init_parameters": {
                    key: filled(value, chosen) for key, value in component.init_parameters.items()
                },
            }
            for name, component in spec.components.items()
        },
        "connections": [each.model_dump() for each in spec.connections],
    }


def _reason(error: Exception) -> str:
    """Return what went wrong: Haystack puts the component's data around it, which is in the
    file."""
    cause = error.__cause__
    lines = str(error).strip().splitlines()
    if isinstance(error, DeserializationError) and cause is not None and lines:
        return f"{lines[0].removesuffix(' with the following data:')}: {cause}"
    told = " ".join(line.strip() for line in lines)
    return told if cause is None else f"{told} ({cause})"


def _problems(spec: PipelineSpec, loaded: Loaded) -> Iterator[str]:
    given = {socket for sockets in spec.inputs.values() for socket in sockets}
    for name, sockets in spec.inputs.items():
        for socket in sockets:
            if socket not in loaded.inputs:
                yield f"inputs.{name}: {_missing(socket, loaded.inputs)}"
    for name, socket in spec.outputs.items():
        if socket not in loaded.outputs:
            yield f"outputs.{name}: {_missing(socket, loaded.outputs)}"
    for name, known in loaded.inputs.items():
        if known.is_mandatory and not known.senders and name not in given:
            component, _, input_ = name.partition(".")
            yield (
                f"the component {component} needs its input {input_}: connect it, or name {name}"
                " under `inputs`"
            )


def _missing(socket: str, known: Mapping[str, object]) -> str:
    component, _, name = socket.partition(".")
    prefix = f"{component}."
    there = ", ".join(each.removeprefix(prefix) for each in known if each.startswith(prefix))
    return f"the component {component} has no {name}; it has: {there or 'none'}"


def _inputs(pipeline: Pipeline) -> Iterator[tuple[str, InputSocket]]:
    for name, instance in pipeline.walk():
        for key, socket in instance.__haystack_input__._sockets_dict.items():  # type: ignore[attr-defined]
            yield f"{name}.{key}", socket


def _outputs(pipeline: Pipeline) -> Iterator[tuple[str, OutputSocket]]:
    for name, instance in pipeline.walk():
        for key, socket in instance.__haystack_output__._sockets_dict.items():  # type: ignore[attr-defined]
            yield f"{name}.{key}", socket
