"""report-experiment: how an experiment goes, or ended."""

from typing import Annotated

from prefect import flow
from pydantic import Field

from neurocortex.experiments.plan import Experiment
from tasks.experiments import read_experiment
from tasks.publish_experiment import publish_report
from tasks.publish_failure import failure_shown


@flow(
    name="report-experiment",
    flow_run_name="report the experiment {name}",
    description="Shows how the variants of an experiment do, and what was decided.",
    persist_result=True,
)
def report_experiment(
    name: Annotated[str, Field(min_length=1, examples=["shorter-context"])],
) -> Experiment:
    """Show how the variants of an experiment do, and what was decided.

    An experiment that ends leaves the same report by itself.

    Args:
        name: Of the experiment; `neurocortex experiments list` lists them.

    Raises:
        ExperimentNotFoundError: there is none of that name.
        ConnectorError: PostgreSQL does not answer.
    """
    with failure_shown("experiment-report", f"The experiment {name} was not reported"):
        known = read_experiment(name)
        publish_report(known)
        return known.experiment
