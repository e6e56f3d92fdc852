"""evaluate-models: the champion and the challenger of a model, scored on fresh labelled rows."""

from typing import Annotated

from prefect import flow
from pydantic import Field

from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.feedback.evaluation import Evaluation
from tasks.feedback import read_labelled, score_versions
from tasks.publish_failure import failure_shown
from tasks.publish_feedback import publish_evaluation


@flow(
    name="evaluate-models",
    flow_run_name="evaluate {model}",
    description="Scores the champion and the challenger of a model on fresh labelled rows.",
    persist_result=True,
)
def evaluate_models(
    model: Annotated[str, Field(min_length=1, examples=["wine_cultivar"])],
    forge: Annotated[str, Field(min_length=1)] = DEFAULT_BLOCK,
) -> Evaluation:
    """Score the champion and the challenger of a model on rows labelled after both were trained.

    Nothing is changed by it.

    Args:
        model: Name of the model.
        forge: Name of the Forge block.

    Raises:
        ModelNotFoundError: there is no such model, or no version of it serves.
        ModelCorruptError: a version cannot be read.
        ConnectorError: the Lake or the Forge does not answer.
    """
    with failure_shown("evaluation-report", f"Model {model} was not evaluated"):
        rows = read_labelled(forge, model, uncollected=False)
        evaluation = score_versions(forge, model, rows)
        publish_evaluation(evaluation)
        return evaluation
