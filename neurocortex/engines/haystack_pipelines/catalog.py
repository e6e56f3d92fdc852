"""The pipelines there are: those that NeuroCortex ships, and the operator's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from neurocortex import spec_file
from neurocortex.engines.haystack_pipelines.spec import MODULES, PipelineSpec
from neurocortex.errors import (
    HaystackFileError,
    HaystackPipelineNotFoundError,
    SpecFileError,
)

SHIPPED: Final = Path(__file__).parent / "shipped"
SUFFIXES: Final = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Described:
    """A pipeline, and where it is described."""

    name: str
    path: Path
    spec: PipelineSpec


def files(folder: Path) -> Mapping[str, Path]:
    """Return the file of each pipeline by its name; one in `folder` takes the place of a shipped
    one of the same name."""
    return {
        path.stem: path
        for place in (SHIPPED, folder)
        for path in sorted(place.glob("*"))
        if path.suffix in SUFFIXES
    }


def find(name: str, folder: Path, modules: Sequence[str]) -> Described:
    """Return the pipeline of that name.

    Args:
        name: of its file, without `.yaml`. Never a path: requests name pipelines, too.
        folder: the operator's own YAML files; it may be missing.
        modules: which its components may come from, beside Haystack's and the platform's.

    Raises:
        HaystackPipelineNotFoundError: there is none; the text lists those there are.
        HaystackFileError: its file is wrong: the text has lines, what is wrong, and the remedy.
    """
    known = files(folder)
    path = known.get(name)
    if path is None:
        near = get_close_matches(name, known, n=1)
        raise HaystackPipelineNotFoundError(name, tuple(known), near[0] if near else None, folder)
    return read(path, modules)


def read(path: Path, modules: Sequence[str]) -> Described:
    """Return the pipeline that a file describes. Raises `HaystackFileError`, see `find`."""
    try:
        spec = spec_file.read(path, PipelineSpec, {MODULES: tuple(modules)})
    except SpecFileError as error:
        raise HaystackFileError(path, str(error)) from error
    return Described(path.stem, path, spec)
