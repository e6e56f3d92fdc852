"""Haystack pipelines that are described in YAML."""

from collections.abc import Sequence
from pathlib import Path

from neurocortex.errors.requests import RequestError


class HaystackError(RequestError):
    """A Haystack pipeline cannot be found, read or run."""

    code = "haystack"


class HaystackPipelineNotFoundError(HaystackError):
    """There is no pipeline of that name. `known` are the names there are."""

    code = "haystack_pipeline_not_found"

    def __init__(self, name: str, known: Sequence[str], near: str | None, folder: Path) -> None:
        hint = f" Did you mean {near!r}?" if near else ""
        super().__init__(
            f"There is no pipeline {name!r}.{hint} There are: {', '.join(known)}. An operator's own"
            f" are YAML files in {folder.absolute()} (NEUROCORTEX_PIPELINES__FOLDER)."
        )
        self.name = name
        self.known = tuple(known)


class HaystackFileError(HaystackError):
    """A pipeline's file describes what cannot be. `path`: of the file."""

    code = "haystack_file"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"The pipeline {path.stem!r} cannot be made: {reason}")
        self.path = path
        self.reason = reason


class HaystackInputError(HaystackError):
    """What a run was given is not what the pipeline takes."""

    code = "haystack_input"

    def __init__(self, pipeline: str, reason: str) -> None:
        super().__init__(f"The pipeline {pipeline!r} was not run: {reason}.")
        self.pipeline = pipeline
        self.reason = reason


class HaystackComponentError(HaystackError):
    """A component failed, or returned what cannot be sent. `component`: its name."""

    code = "haystack_component"

    def __init__(self, pipeline: str, component: str | None, reason: str) -> None:
        where = f"In the pipeline {pipeline!r}" + (
            f" the component {component}" if component else ""
        )
        super().__init__(f"{where} failed: {reason}")
        self.pipeline = pipeline
        self.component = component
        self.reason = reason


class HaystackUnboundError(HaystackError):
    """A component of the platform's runs outside of it."""

    code = "haystack_unbound"

    def __init__(self, component: str) -> None:
        super().__init__(
            f"{component} works in a pipeline that NeuroCortex runs: by the operation"
            " `run_pipeline`, or the flow run-pipeline. Elsewhere use Haystack's own component."
        )
        self.component = component
