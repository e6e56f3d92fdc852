"""Running a pipeline for the platform: what goes in is checked, what comes out is JSON."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from haystack.core.errors import PipelineError, PipelineRuntimeError
from pydantic import JsonValue

from neurocortex.domain.pipeline_runs import PipelineOutcome
from neurocortex.engines.haystack_pipelines.catalog import Described
from neurocortex.engines.haystack_pipelines.loading import Loaded, load
from neurocortex.engines.haystack_pipelines.platform import Platform, bound
from neurocortex.engines.haystack_pipelines.tracing import noted
from neurocortex.engines.haystack_pipelines.values import decoded, encoded
from neurocortex.errors import HaystackComponentError, HaystackInputError, NeuroCortexError


async def run(
    described: Described,
    parameters: Mapping[str, JsonValue],
    inputs: Mapping[str, JsonValue],
    platform: Platform,
    modules: Sequence[str] = (),
) -> PipelineOutcome:
    """Run a pipeline once. Whoever calls ends it by cancelling; components without `run_async` are
    in threads, which go on until they return.

    Args:
        described: the pipeline.
        parameters: in place of its file's defaults.
        inputs: by the names that its file gives them.
        platform: what its components may ask.
        modules: which components may come from, beside Haystack's and the platform's.

    Raises:
        HaystackFileError: the file describes what cannot be.
        HaystackInputError: a parameter or an input is missing, unknown or of another type.
        HaystackComponentError: a component failed with an error that is not ours.
        NeuroCortexError: what a component of ours raised.
    """
    loaded = await asyncio.to_thread(load, described, parameters, modules)
    try:
        data = _data(described, loaded, inputs)
        with bound(platform), noted() as components:
            found = await _result(described, loaded, data)
        return PipelineOutcome(
            pipeline=described.name,
            outputs=_outputs(described, found),
            components=tuple(components),
        )
    finally:
        await loaded.pipeline.close_async()


async def _result(
    described: Described, loaded: Loaded, data: dict[str, Any]
) -> Mapping[str, Mapping[str, object]]:
    wanted = {socket.partition(".")[0] for socket in described.spec.outputs.values()}
    try:
        return await loaded.pipeline.run_async(data, include_outputs_from=wanted)
    except PipelineRuntimeError as error:
        cause = error.__cause__
        if isinstance(cause, NeuroCortexError):
            raise cause from error
        reason = f"{type(cause).__name__}: {cause}" if cause else str(error)
        raise HaystackComponentError(described.name, error.component_name, reason) from error
    except PipelineError as error:  # a loop that did not end
        raise HaystackComponentError(described.name, None, str(error)) from error
    except ValueError as error:
        raise HaystackInputError(described.name, str(error)) from error


def _data(
    described: Described, loaded: Loaded, inputs: Mapping[str, JsonValue]
) -> dict[str, dict[str, Any]]:
    declared = described.spec.inputs
    there = ", ".join(declared)
    for name in inputs:
        if name not in declared:
            raise HaystackInputError(described.name, f"it takes no {name!r}; it takes: {there}")
    data: dict[str, dict[str, Any]] = defaultdict(dict)
    for name, sockets in declared.items():
        for socket in sockets:
            known = loaded.inputs[socket]
            component, _, key = socket.partition(".")
            if name in inputs:
                try:
                    data[component][key] = decoded(inputs[name], known.type)
                except ValueError as error:
                    raise HaystackInputError(
                        described.name, f"its input {name!r}: {error}"
                    ) from error
            elif known.is_mandatory and not known.senders:
                raise HaystackInputError(
                    described.name, f"its input {name!r} is missing; it takes: {there}"
                )
    return dict(data)


def _outputs(
    described: Described, found: Mapping[str, Mapping[str, object]]
) -> Mapping[str, JsonValue]:
    """Return the outputs by name; null where a branch of the pipeline was not taken."""
    outputs: dict[str, JsonValue] = {}
    for name, socket in described.spec.outputs.items():
        component, _, key = socket.partition(".")
        try:
            outputs[name] = encoded(found.get(component, {}).get(key))
        except TypeError as error:
            raise HaystackComponentError(described.name, component, f"{key}: {error}") from error
    return outputs
