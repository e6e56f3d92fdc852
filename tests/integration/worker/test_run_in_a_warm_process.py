"""A run that a program starts through the API, in a warm process of the worker's."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_LOCAL_STORAGE_PATH,
    temporary_settings,
)

if TYPE_CHECKING:
    from tests.integration.worker.conftest import Platform, Worker


@pytest.fixture(autouse=True)
def _served(main: "Worker") -> None:
    """The pools have a worker."""


def result_of(platform: "Platform", run: "UUID") -> object:
    ...
