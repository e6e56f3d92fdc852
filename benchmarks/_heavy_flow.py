"""The trivial flow again, in a module that imports what data flows import."""

import great_expectations
import pandas as pd
from prefect import flow


@flow
def heavy() -> list[str]:
    """Name what was imported."""
    return [pd.__name__, great_expectations.__name__]
