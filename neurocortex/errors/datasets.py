"""Datasets: what people write of them, their data, and their gates."""

from pathlib import Path

from neurocortex.errors.base import NeuroCortexError


class ParquetFileError(NeuroCortexError):
    """A Parquet file cannot be read, or does not hold what was asked of it."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} {reason}")
        self.path = path
        self.reason = reason


class SpecFileError(NeuroCortexError):
    """A YAML file cannot be read, or describes something that cannot be."""


class SpecFileMissingError(SpecFileError):
    """There is no such file."""


class DatasetError(NeuroCortexError):
    """A dataset cannot be loaded."""

    def __init__(self, dataset: str, reason: str) -> None:
        super().__init__(f"Dataset {dataset!r}: {reason}")
        self.dataset = dataset
        self.reason = reason


class DatasetNotFoundError(DatasetError):
    """No YAML file of that name."""


class DatasetSpecError(DatasetError):
    """The YAML describes something that cannot be: the text gives the line's path in it."""


class SourceError(DatasetError):
    """The source is missing, or its columns are not those of the schema."""


class GateFailedError(DatasetError):
    """An expectation of severity `stop` failed: nothing was loaded."""


class DriftStoppedError(DatasetError):
    """A load differs from the earlier ones, and its dataset says that this stops it."""


class ExpectationError(NeuroCortexError):
    """An expectation cannot be evaluated: a missing column, or a parameter that does not fit it."""

    def __init__(self, expectation: str, reason: str) -> None:
        super().__init__(f"{expectation}: {reason}")
        self.expectation = expectation
        self.reason = reason
