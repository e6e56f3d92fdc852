"""A dataset's YAML file."""

from pathlib import Path

from neurocortex import spec_file
from neurocortex.datasets.sources import FOLDER
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.errors import (
    DatasetNotFoundError,
    DatasetSpecError,
    SpecFileError,
    SpecFileMissingError,
)


def read(path: Path) -> DatasetSpec:
    """Read a dataset's YAML file; paths in it start from its folder.

    Raises:
        DatasetNotFoundError: there is no such file.
        DatasetSpecError: it cannot be read, or describes something that cannot be. The text lists
            every problem with its line, its path in the YAML and what is allowed.
    """
    try:
        return spec_file.read(path, DatasetSpec, {FOLDER: path.parent.absolute()})
    except SpecFileMissingError as error:
        raise DatasetNotFoundError(path.stem, str(error)) from None
    except SpecFileError as error:
        raise DatasetSpecError(path.stem, str(error)) from error
