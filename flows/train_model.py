"""train-model: learn a model from a table of the Lake, register it; it serves if it is better."""

import time
from typing import Annotated

from prefect import flow
from pydantic import Field

from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.forge.card import Lineage
from neurocortex.forge.promotion import decide
from neurocortex.forge.report import TrainReport
from neurocortex.forge.spec import TrainingSpec
from neurocortex.lake.rows.reading import TableRows
from tasks.models import (
    fit_model,
    lineage_of,
    promote_model,
    read_rows,
    read_training_spec,
    register_model,
    score_champion,
)
from tasks.publish_failure import failure_shown
from tasks.publish_training import publish_training


@flow(
    name="train-model",
    flow_run_name="train {spec}",
    description="Learns a model from a table of the Lake; it serves if it is better than before.",
    persist_result=True,
)
def train_model(
    spec: Annotated[str, Field(min_length=1, examples=["wine_cultivar"])],
    lake: Annotated[str, Field(min_length=1)] = DEFAULT_BLOCK,
    forge: Annotated[str, Field(min_length=1)] = DEFAULT_BLOCK,
    promote: bool = True,
) -> TrainReport:
    """Learn a model from a table of the Lake; let it serve if it is better than what served.

    Args:
        spec: Name of a training spec, or the path of its YAML file on the worker's machine.
        lake: Name of the Lake block to learn from.
        forge: Name of the Forge block to register the model in.
        promote: Let it serve if it is better. Off: it stays the challenger.

    Raises:
        ForgeError: there is no such spec, or nothing can be learned from the table.
        TargetNotFoundError: the table is not there.
        ConnectorError: the Lake or the Forge does not answer.
    """
    with failure_shown("training-report", f"Model {spec} was not trained"):
        described = read_training_spec(spec)
        rows = read_rows(lake, described.table)
        return learn(described, rows, lineage_of(described, rows), forge, promote=promote)


def learn(
    spec: TrainingSpec, rows: TableRows, lineage: Lineage, forge: str, *, promote: bool
) -> TrainReport:
    """Fit, judge and register a model; let it serve if it is better and that is asked."""
    began = time.monotonic()
    trained = fit_model(spec, rows)
    champion = score_champion(forge, spec, rows)
    decision = decide(trained.scores, champion, spec.at_least)
    version = None
    if decision.registered:
        version = register_model(forge, spec, trained, lineage)
        if promote and decision.promoted:
            promote_model(forge, version)
    report = TrainReport(
        model=spec.name,
        version=version.number if version else None,
        better=decision.promoted,
        promoted=promote and decision.promoted,
        reason=decision.reason,
        estimator=spec.estimator,
        scores=trained.scores,
        champion=champion,
        importances=trained.importances,
        lineage=lineage,
        seconds=time.monotonic() - began,
    )
    publish_training(report, trained.held_out, spec.target)
    return report
