"""retrain-on-feedback: models learned anew from their table and from what people said."""

from typing import Annotated

from prefect import flow
from pydantic import Field

from flows.collect_feedback import collect_feedback
from flows.train_model import learn
from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.errors import NeuroCortexError
from neurocortex.feedback.collecting import require_trusted
from neurocortex.feedback.combining import combined
from neurocortex.feedback.retraining import Retrained, Retraining
from neurocortex.forge.spec import TrainingSpec
from neurocortex.rollout.plan import DEFAULT_PERCENT, Deployed, Guard, Strategy
from tasks.feedback import learners, read_champion, read_feedback
from tasks.models import lineage_of, read_rows, read_training_spec
from tasks.publish_failure import failure_shown
from tasks.publish_rollout import publish_beginning
from tasks.rollouts import begin_rollout


@flow(
    name="retrain-on-feedback",
    flow_run_name="retrain on feedback",
    description="Learns models anew from their table and from labelled predictions.",
    persist_result=True,
)
def retrain_on_feedback(
    spec: Annotated[str | None, Field(min_length=1, examples=["wine_cultivar"])] = None,
    dataset: Annotated[str | None, Field(min_length=1)] = None,
    at_least: Annotated[int, Field(ge=1)] = 20,
    rollout: Strategy | None = None,
    lake: Annotated[str, Field(min_length=1)] = DEFAULT_BLOCK,
    forge: Annotated[str, Field(min_length=1)] = DEFAULT_BLOCK,
) -> Retraining:
    """Learn models anew from their table and from labelled predictions; only a better one serves.

    Args:
        spec: Name of a training spec. Unset: all that keep predictions and have a champion.
        dataset: Only models of this dataset's table, whether or not there is new feedback: it has
            drifted. Unset: only models with enough new feedback.
        at_least: New labelled rows below which a model is left as it is.
        rollout: How a better version meets traffic. Unset: it serves at once.
        lake: Name of the Lake block.
        forge: Name of the Forge block.

    Raises:
        NeuroCortexError: what went wrong with the last model that failed; the others were tried.
    """
    with failure_shown("retraining-report", "Not all models were trained on feedback"):
        chosen = [read_training_spec(spec)] if spec is not None else learners(forge, dataset)
        outcomes, failure = [], None
        for each in chosen:
            try:
                outcomes.append(_retrain(each, lake, forge, at_least, rollout, dataset))
            except NeuroCortexError as error:
                failure = error
        if failure is not None:
            raise failure
        return Retraining(models=tuple(outcomes))


def _retrain(
    spec: TrainingSpec,
    lake: str,
    forge: str,
    at_least: int,
    rollout: Strategy | None,
    drifted: str | None,
) -> Retrained:
    require_trusted(collect_feedback(spec.name, lake, forge))
    feedback = read_feedback(lake, spec.name)
    labelled = len(feedback.frame) if feedback is not None else 0
    fresh = labelled - read_champion(forge, spec.name).lineage.feedback_rows
    if drifted is None and fresh < at_least:
        reason = f"{fresh} rows were labelled since it was trained, fewer than {at_least}"
        return Retrained(model=spec.name, report=None, reason=reason)
    rows = read_rows(lake, spec.table)
    if feedback is not None:
        rows = combined(spec, rows, feedback)
    lineage = lineage_of(spec, rows, labelled)
    report = learn(spec, rows, lineage, forge, promote=rollout is None)
    if rollout is not None and report.better and report.version is not None:
        candidate = Deployed(version=report.version)
        percent = DEFAULT_PERCENT[rollout]
        publish_beginning(begin_rollout(forge, spec.name, candidate, rollout, percent, Guard()))
    return Retrained(model=spec.name, report=report, reason=report.reason)
