"""The training specs there are: those that NeuroCortex ships, and the user's own."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from neurocortex import spec_file
from neurocortex.errors import SpecFileError, TrainingSpecError
from neurocortex.forge.spec import TrainingSpec

SHIPPED: Final = Path(__file__).parent / "shipped"
SUFFIXES: Final = (".yaml", ".yml")


def find(name_or_path: str, folder: Path) -> TrainingSpec:
    """Return the spec of that name, or the one in that YAML file.

    Args:
        name_or_path: a name, or a path that ends in `.yaml`.
        folder: the user's own YAML files (`settings.forge.folder`); it may be missing.

    Raises:
        TrainingSpecError: there is none, the text lists those there are; or its file is wrong.
    """
    if name_or_path.endswith(SUFFIXES):
        return _read(Path(name_or_path).expanduser())
    paths = _paths(folder)
    if name_or_path not in paths:
        near = get_close_matches(name_or_path, paths, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise TrainingSpecError(
            name_or_path,
            f"There is no training spec {name_or_path!r}.{hint} There are: {', '.join(paths)}."
            f" Your own are YAML files in {folder.absolute()}, or give the path of one.",
        )
    spec = _read(paths[name_or_path])
    if spec.name != name_or_path:
        raise TrainingSpecError(
            spec.name, f"{paths[name_or_path]} must be named as the model in it: {spec.name}."
        )
    return spec


def every(folder: Path) -> Sequence[TrainingSpec]:
    """Return all specs, the shipped ones and the user's own.

    Raises:
        TrainingSpecError: a file is wrong.
    """
    return [_read(path) for path in _paths(folder).values()]


def _paths(folder: Path) -> Mapping[str, Path]:
    return {
        path.stem: path
        for place in (SHIPPED, folder)
        for path in sorted(place.glob("*"))
        if path.suffix in SUFFIXES
    }


def _read(path: Path) -> TrainingSpec:
    try:
        return spec_file.read(path, TrainingSpec)
    except SpecFileError as error:
        raise TrainingSpecError(path.stem, f"Training spec {path.stem!r}: {error}") from error
