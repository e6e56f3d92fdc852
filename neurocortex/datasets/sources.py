"""Where a dataset's rows come from, as its YAML says."""

import codecs
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationInfo, field_validator

from neurocortex.domain.strict import Strict

FOLDER: Final = "folder"
"""Key of the validation context: the folder that relative paths start from."""


class BundledTable(StrEnum):
    """The real tables that scikit-learn brings along."""

    BREAST_CANCER = "breast_cancer"
    DIABETES = "diabetes"
    DIGITS = "digits"
    IRIS = "iris"
    LINNERUD = "linnerud"
    WINE = "wine"


class _File(Strict):
    path: Path
    """Relative to the YAML file's folder."""

    @field_validator("path")
    @classmethod
    def _absolute(cls, path: Path, info: ValidationInfo) -> Path:
        folder = info.context.get(FOLDER) if isinstance(info.context, dict) else None
        return (folder / path.expanduser()).absolute() if isinstance(folder, Path) else path


class CsvSource(_File):
    """A file of delimited rows under a header (RFC 4180)."""

    kind: Literal["csv"]
    delimiter: str = Field(",", min_length=1, max_length=1)
    encoding: str = "utf-8"
    null_values: tuple[str, ...] = ("", "NULL")
    """How a missing value is written."""

    @field_validator("encoding")
    @classmethod
    def _encoding_exists(cls, name: str) -> str:
        return _known_encoding(name)


class JsonlSource(_File):
    """A file with one JSON object per line (https://jsonlines.org). A missing key is null."""

    kind: Literal["jsonl"]
    encoding: str = "utf-8"

    @field_validator("encoding")
    @classmethod
    def _encoding_exists(cls, name: str) -> str:
        return _known_encoding(name)


class ParquetSource(_File):
    """A Parquet file (https://parquet.apache.org); its columns have the types of the dataset's."""

    kind: Literal["parquet"]


class SklearnSource(Strict):
    """A table of scikit-learn; its last columns are the target."""

    kind: Literal["sklearn"]
    table: BundledTable


Source = Annotated[
    CsvSource | JsonlSource | ParquetSource | SklearnSource, Field(discriminator="kind")
]


def _known_encoding(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise ValueError(f"there is no encoding {name!r}; e.g. utf-8, cp1252, utf-16.") from None
