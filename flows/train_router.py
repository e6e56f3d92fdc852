"""train-router: learn from finished runs how long requests take; what beats the rules serves."""

from typing import Annotated

from prefect import flow
from pydantic import Field

from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.learning.report import RouterReport, report_of
from neurocortex.settings import settings
from tasks.publish_failure import failure_shown
from tasks.router_model import (
    learn_router,
    publish_router,
    publish_router_report,
    read_finished_runs,
)


@flow(
    name="train-router",
    description="Learns from finished runs how long requests take; what beats the rules serves.",
    persist_result=True,
)
def train_router(
    lake: Annotated[str, Field(min_length=1)] = DEFAULT_BLOCK,
    stream: Annotated[str, Field(min_length=1)] = DEFAULT_BLOCK,
) -> RouterReport:
    """Learn how long requests take, by their sizes, and which lane they belong to.

    What was learned of an operation serves if it beats the operation's own rule on later runs.

    Args:
        lake: Name of the Lake block; its database has the requests that were flow runs.
        stream: Name of the Stream block; its Redis has sampled real-time runs.

    Raises:
        ConnectorError: the Lake or the Stream does not answer.
    """
    with failure_shown("router-report", "The router learned nothing"):
        model = learn_router(read_finished_runs(lake, stream))
        publish_router(stream, model)
        report = report_of(model, is_used=settings().routing.learned)
        publish_router_report(report)
        return report
