"""collect-feedback: labelled predictions of a model become rows of a table of the Lake."""

from typing import Annotated

from prefect import flow
from pydantic import Field

from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.feedback.collecting import CollectReport, table_name
from tasks.feedback import collect_rows, read_champion, read_labelled
from tasks.models import read_rows
from tasks.publish_failure import failure_shown
from tasks.publish_feedback import publish_collection


@flow(
    name="collect-feedback",
    flow_run_name="collect what was said of {model}",
    description="Brings labelled predictions of a model through a gate into a table of the Lake.",
    persist_result=True,
)
def collect_feedback(
    model: Annotated[str, Field(min_length=1, examples=["wine_cultivar"])],
    lake: Annotated[str, Field(min_length=1)] = DEFAULT_BLOCK,
    forge: Annotated[str, Field(min_length=1)] = DEFAULT_BLOCK,
) -> CollectReport:
    """Bring labelled predictions of a model into the table MODEL_feedback of the Lake.

    Args:
        model: Name of the model.
        lake: Name of the Lake block with the table that the model was learned from.
        forge: Name of the Forge block.

    Raises:
        ModelNotFoundError: there is no such model, or no version of it serves.
        LoadError: the load failed and was undone.
        ConnectorError: the Lake or the Forge does not answer.
    """
    with failure_shown("feedback-report", f"Feedback on {model} was not collected"):
        card = read_champion(forge, model)
        rows = read_labelled(forge, model, uncollected=True)
        if rows:
            known = read_rows(lake, card.spec.table)
            report = collect_rows(lake, card, rows, known)
        else:
            table = f"data.{table_name(model)}"
            report = CollectReport(
                model=model, table=table, labelled=0, loaded=0, refused=0, seconds=0.0
            )
        publish_collection(report)
        return report
