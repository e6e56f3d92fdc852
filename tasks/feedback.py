"""What people said about predictions: collected into the Lake, and scored on."""

from collections.abc import Sequence
from contextlib import suppress

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from neurocortex.errors import ModelNotFoundError, NotRunningError, TargetNotFoundError
from neurocortex.feedback import collecting, suite
from neurocortex.feedback.collecting import CollectReport
from neurocortex.feedback.evaluation import Evaluation
from neurocortex.feedback.store import FeedbackTable
from neurocortex.feedback.values import Labelled
from neurocortex.forge import catalog
from neurocortex.forge.card import Card
from neurocortex.forge.spec import TrainingSpec
from neurocortex.forge.versions import CHALLENGER, CHAMPION
from neurocortex.lake.rows.reading import TableRows, read_table
from neurocortex.quality import gate
from neurocortex.settings import settings, variable
from tasks.lake import opened
from tasks.model_memory import registry_of
from tasks.options import LOAD, STEP

# NO_CACHE throughout: people go on saying things, and models change.


@task(**STEP, task_run_name="who learns from feedback", cache_policy=NO_CACHE)
def learners(forge: str, dataset: str | None) -> list[TrainingSpec]:
    """Return the specs that keep predictions and have a champion; those of a dataset's table."""
    registry = registry_of(forge)
    return [
        spec
        for spec in catalog.every(settings().forge.folder)
        if spec.keep_predictions
        and dataset in (None, spec.table)
        and registry.champion(spec.name) is not None
    ]


@task(**STEP, task_run_name="what serves as {model}", cache_policy=NO_CACHE)
def read_champion(forge: str, model: str) -> Card:
    """Return the card of the version that serves."""
    registry = registry_of(forge)
    return registry.card(registry.version(model))


@task(**LOAD, task_run_name="read what was said of {model}", cache_policy=NO_CACHE)
def read_labelled(forge: str, model: str, *, uncollected: bool) -> list[Labelled]:
    """Return the labelled rows of a model, all or those that are not in the Lake yet."""
    with _table() as table:
        return list(table.labelled(forge, model, uncollected=uncollected))


@task(
    **LOAD, task_run_name="check and load what was said of {card.spec.name}", cache_policy=NO_CACHE
)
def collect_rows(
    lake: str, card: Card, rows: Sequence[Labelled], known: TableRows
) -> CollectReport:
    """Bring labelled rows through their gate into the model's table of feedback."""
    sifted = collecting.sift(card, rows)
    expected = suite.suite_of(card.spec, card.takes, known.frame)
    report = gate.evaluate(sifted.frame, expected)
    kept = collecting.without_refused(card.spec, rows, sifted, report)
    with opened(lake) as store:
        loaded = collecting.load(store.engine, card, len(rows), kept, flow_run.id)
    with _table() as table:
        table.collected(rows)
    return loaded


@task(**LOAD, task_run_name="read the feedback on {model}", cache_policy=NO_CACHE)
def read_feedback(lake: str, model: str) -> TableRows | None:
    """Return the table of a model's feedback; None: nothing was collected yet."""
    with opened(lake) as store:
        try:
            return read_table(store.engine, collecting.table_name(model))
        except TargetNotFoundError:
            return None


@task(**LOAD, task_run_name="score the versions of {model}", cache_policy=NO_CACHE)
def score_versions(forge: str, model: str, rows: Sequence[Labelled]) -> Evaluation:
    """Score the champion, and the challenger where there is one, on labelled rows."""
    from neurocortex.feedback.evaluating import evaluate

    registry = registry_of(forge)
    versions = [registry.load(registry.version(model, CHAMPION))]
    with suppress(ModelNotFoundError):  # none waits
        versions.append(registry.load(registry.version(model, CHALLENGER)))
    return evaluate(versions, rows)


def _table() -> FeedbackTable:
    url = settings().database_url
    if url is None:
        raise NotRunningError("PostgreSQL", variable("database_url"))
    return FeedbackTable(url.get_secret_value())
