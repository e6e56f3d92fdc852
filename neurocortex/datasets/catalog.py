"""The datasets there are: those that NeuroCortex ships, and the user's own."""

from collections.abc import Iterator
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from neurocortex.datasets.reader import read
from neurocortex.datasets.referring import check_references, refers
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.errors import DatasetNotFoundError, DatasetSpecError

SHIPPED: Final = Path(__file__).parent / "shipped"
SUFFIXES: Final = (".yaml", ".yml")


def catalog(folder: Path) -> tuple[DatasetSpec, ...]:
    """Return every dataset: the shipped ones, then the user's, each in the order of its name.

    Args:
        folder: the user's own YAML files (`settings.datasets.folder`); it may be missing.

    Raises:
        DatasetSpecError: a file is wrong, two have one name, or one refers to what is not there.
    """
    specs: dict[str, DatasetSpec] = {}
    for path in _files(folder):
        spec = _read_named(path)
        if spec.name in specs:
            raise DatasetSpecError(
                spec.name, f"{path}: there is a dataset of that name already. Give it another."
            )
        specs[spec.name] = spec
    for spec in specs.values():
        check_references(spec, specs.values())
    return tuple(specs.values())


def find(name_or_path: str, folder: Path) -> DatasetSpec:
    """Return the dataset of that name, or the one in that YAML file.

    Raises:
        DatasetNotFoundError: there is none; the text lists those there are.
        DatasetSpecError: its file is wrong, or it refers to a table that no dataset loads.
    """
    spec = _found(name_or_path, folder)
    if refers(spec):
        check_references(spec, _readable(folder))
    return spec


def _found(name_or_path: str, folder: Path) -> DatasetSpec:
    if name_or_path.endswith(SUFFIXES):
        return read(Path(name_or_path).expanduser())
    paths = {path.stem: path for path in _files(folder)}
    if name_or_path in paths:
        return _read_named(paths[name_or_path])
    near = get_close_matches(name_or_path, paths, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise DatasetNotFoundError(
        name_or_path,
        f"there is no such dataset.{hint} There are: {', '.join(paths)}."
        f" Your own are YAML files in {folder.absolute()}, or give the path of one.",
    )


def _readable(folder: Path) -> Iterator[DatasetSpec]:
    """Yield the datasets whose files are right: a mistake elsewhere is told when that is loaded."""
    for path in _files(folder):
        with suppress(DatasetSpecError):
            yield _read_named(path)


def _files(folder: Path) -> Iterator[Path]:
    for place in (SHIPPED, folder):
        yield from sorted(path for path in place.glob("*") if path.suffix in SUFFIXES)


def _read_named(path: Path) -> DatasetSpec:
    """Read a file of the catalog: there, the file's name is how the dataset is found."""
    spec = read(path)
    if spec.name != path.stem:
        raise DatasetSpecError(
            spec.name, f"{path} must be named {spec.name}{path.suffix}, as the dataset in it."
        )
    return spec
