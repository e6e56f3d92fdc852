"""Training models on the Lake's tables, and asking the versions that serve."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from neurocortex.errors import ForgeError
from neurocortex.forge import catalog, predicting
from neurocortex.forge.card import Card, Lineage
from neurocortex.forge.predicting import Predicted
from neurocortex.forge.schema import Value
from neurocortex.forge.spec import TrainingSpec
from neurocortex.forge.versions import Version
from neurocortex.lake.rows.reading import TableRows, read_table
from neurocortex.settings import settings
from tasks.lake import opened
from tasks.model_memory import memory, registry_of
from tasks.options import LOAD, STEP
from tasks.rollout_standing import observed

if TYPE_CHECKING:
    from neurocortex.forge.training import Trained

# NO_CACHE throughout: tables change, and the registry does. `training` is imported where it is
# needed: the gateway knows these tasks, and needs no scikit-learn.


@task(**STEP, task_run_name="describe {name}", cache_policy=NO_CACHE)
def read_training_spec(name: str) -> TrainingSpec:
    """Return the training spec of that name, or the one in that YAML file."""
    return catalog.find(name, settings().forge.folder)


@task(**LOAD, task_run_name="read {table}", cache_policy=NO_CACHE)
def read_rows(lake: str, table: str) -> TableRows:
    """Return a table's rows as they are now."""
    with opened(lake) as store:
        return read_table(store.engine, table)


@task(**LOAD, task_run_name="train {spec.name}", cache_policy=NO_CACHE)
def fit_model(spec: TrainingSpec, rows: TableRows) -> "Trained":
    """Fit and judge a model."""
    from neurocortex.forge import training

    return training.train(rows.frame, spec)


@task(**STEP, task_run_name="register {spec.name}", cache_policy=NO_CACHE)
def register_model(forge: str, spec: TrainingSpec, trained: "Trained", lineage: Lineage) -> Version:
    """Keep a model as the next version of its name."""
    card = Card(
        spec=spec,
        takes=trained.schema,
        classes=trained.classes,
        scores=trained.scores,
        importances=trained.importances,
        lineage=lineage,
        trained_at=datetime.now(UTC),
        flow_run=flow_run.id,
    )
    return registry_of(forge).register(card, trained.model)


@task(**STEP, task_run_name="score the champion of {spec.name}", cache_policy=NO_CACHE)
def score_champion(forge: str, spec: TrainingSpec, rows: TableRows) -> float | None:
    """Return the score of the version that serves, on the rows held out now.

    None: no version serves, or none that can be asked about these rows.
    """
    from neurocortex.forge import training

    try:
        registry = registry_of(forge)
        serving = registry.load(registry.version(spec.name))
        parts = training.split(rows.frame, spec, serving.card.takes)
        return training.score(serving.model, spec.metric, parts)
    except (ForgeError, KeyError, ValueError):
        return None


@task(**STEP, task_run_name="promote {version.model}", cache_policy=NO_CACHE)
def promote_model(forge: str, version: Version) -> Version:
    """Let a version serve."""
    return registry_of(forge).promote(version)


@task(**STEP, task_run_name="predict by {model}", cache_policy=NO_CACHE)
def predict_rows(
    groups: Sequence[tuple[Mapping[str, Value], ...]],
    forge: str,
    model: str,
    version: str,
    memory_bytes: int | None = None,
    at_once: int | None = None,
) -> list[Predicted]:
    """Return the predictions of many requests at once.

    Args:
        groups: rows of each request.
        forge: name of the Forge block.
        model: its name.
        version: its number or an alias.
        memory_bytes: what the unpacked model may have; None: any size.
        at_once: computations of it at the same time; None: what the settings allow.
    """
    with memory.using(forge, model, version, memory_bytes, at_once) as loaded:
        began = time.monotonic()
        found = predicting.predict(loaded, groups)
        observed(forge, model, loaded.version.number, time.monotonic() - began)
        return found


def lineage_of(spec: TrainingSpec, rows: TableRows, feedback_rows: int = 0) -> Lineage:
    """Return what a model is learned from; `feedback_rows` of the rows are labelled predictions."""
    return Lineage(
        table=spec.table,
        version=rows.version,
        rows=len(rows.frame),
        digest=rows.digest,
        feedback_rows=feedback_rows,
    )
