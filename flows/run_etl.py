"""run-etl: extract a dataset, hold it to its gate, load the good rows, show what happened."""

from typing import Annotated

from prefect import flow
from pydantic import Field

from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.domain.reports import EtlReport
from neurocortex.errors import LakeUnavailableError
from tasks.datasets import abandon_rows, publishing, read_dataset, read_timeline, stage_rows
from tasks.publish_etl import publish_checks, publish_etl
from tasks.publish_failure import failure_shown


@flow(
    name="run-etl",
    flow_run_name="load {dataset}",
    description="Loads a dataset into its table of the Lake, through its quality gate.",
    persist_result=True,
)
def run_etl(
    dataset: Annotated[str, Field(min_length=1, examples=["wine"])],
    lake: Annotated[str, Field(min_length=1)] = DEFAULT_BLOCK,
) -> EtlReport:
    """Load a dataset into its table of the Lake, through its quality gate.

    Args:
        dataset: Name of a dataset, or the path of its YAML file on the worker's machine.
        lake: Name of the Lake block to write to.

    Raises:
        DatasetError: there is no such dataset, its YAML is wrong, its source cannot be read, or
            an expectation of severity `stop` was not met, or the data has drifted and the
            dataset does not bear that: nothing is loaded then.
        LoadError: the load failed and was undone.
        ConnectorError: the Lake does not answer.
    """
    with failure_shown("etl-report", f"Dataset {dataset} was not loaded"):
        spec = read_dataset(dataset)
        staged = stage_rows(lake, spec)
        publish_checks(staged, read_timeline(lake, spec, staged))
        try:
            outcome = publishing(lake, spec)(lake, spec, staged)
        except LakeUnavailableError as error:
            abandon_rows(lake, staged, str(error))
            raise
        publish_etl(staged, outcome)
        return outcome.report
