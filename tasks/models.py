"""Training models on the Lake's tables, and asking the versions that serve."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

import blocks
from blocks import saved
from neurocortex.errors import ForgeError
from neurocortex.forge import catalog, predicting
from neurocortex.forge.card import Card, Lineage
from neurocortex.forge.pool import ModelPool
from neurocortex.forge.predicting import Predicted
from neurocortex.forge.schema import Value
from neurocortex.forge.spec import TrainingSpec
from neurocortex.forge.versions import Loaded, Version
from neurocortex.lake.rows.reading import TableRows, read_table
from neurocortex.settings import settings
from tasks.lake import opened
from tasks.options import LOAD, STEP

if TYPE_CHECKING:
    from neurocortex.forge.registry import Registry
    from neurocortex.forge.training import Trained

# NO_CACHE throughout: tables change, and the registry does. `training` is imported where it is
# needed: the gateway knows these tasks, and needs no scikit-learn.

MB: Final = 2**20


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
def register_model(forge: str, spec: TrainingSpec, trained: "Trained", rows: TableRows) -> Version:
    """Keep a model as the next version of its name."""
    card = Card(
        spec=spec,
        takes=trained.schema,
        classes=trained.classes,
        scores=trained.scores,
        importances=trained.importances,
        lineage=lineage_of(spec, rows),
        trained_at=datetime.now(UTC),
        flow_run=flow_run.id,
    )
    return _registry(forge).register(card, trained.model)


@task(**STEP, task_run_name="score the champion of {spec.name}", cache_policy=NO_CACHE)
def score_champion(forge: str, spec: TrainingSpec, rows: TableRows) -> float | None:
    """Return the score of the version that serves, on the rows held out now.

    None: no version serves, or none that can be asked about these rows.
    """
    from neurocortex.forge import training

    try:
        registry = _registry(forge)
        serving = registry.load(registry.version(spec.name))
        parts = training.split(rows.frame, spec, serving.card.takes)
        return training.score(serving.model, spec.metric, parts)
    except (ForgeError, KeyError, ValueError):
        return None


@task(**STEP, task_run_name="promote {version.model}", cache_policy=NO_CACHE)
def promote_model(forge: str, version: Version) -> Version:
    """Let a version serve."""
    return _registry(forge).promote(version)


@task(**STEP, task_run_name="predict by {model}", cache_policy=NO_CACHE)
def predict_rows(
    groups: Sequence[tuple[Mapping[str, Value], ...]], forge: str, model: str, version: str
) -> list[Predicted]:
    """Return the predictions of many requests at once.

    Args:
        groups: rows of each request.
        forge: name of the Forge block.
        model: its name.
        version: its number or an alias.
    """
    return predicting.predict(_serving.loaded(forge, model, version), groups)


def lineage_of(spec: TrainingSpec, rows: TableRows) -> Lineage:
    """Return what a model is learned from."""
    return Lineage(table=spec.table, version=rows.version, rows=len(rows.frame), digest=rows.digest)


def _registry(forge: str) -> "Registry":
    return saved.load(blocks.Forge, forge).connect()


@dataclass(frozen=True, slots=True)
class _Known:
    version: Version
    until: float
    """By the clock `time.monotonic`."""


class _Serving:
    """The models of a process that stands: loaded once, their aliases looked up now and then."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._registries: dict[str, tuple[blocks.Forge, Registry]] = {}
        self._known: dict[tuple[str, str, str], _Known] = {}
        self._pool: ModelPool[Loaded] = ModelPool(round(settings().forge.memory_mb * MB))

    def loaded(self, forge: str, model: str, which: str) -> Loaded:
        """Return a version in memory."""
        self._pool.unload_idle()
        registry = self._registry(forge)
        version = self._version(registry, forge, model, which)
        key = f"{forge}/{model}/{version.number}/{version.digest}"
        return self._pool.get(key, lambda: registry.load(version))

    def _registry(self, forge: str) -> "Registry":
        block = saved.load(blocks.Forge, forge)
        with self._lock:
            known = self._registries.get(forge)
            if known is None or known[0] != block:  # somebody edited the block
                known = self._registries[forge] = (block, block.connect())
            return known[1]

    def _version(self, registry: "Registry", forge: str, model: str, which: str) -> Version:
        asked = (forge, model, which)
        known = self._known.get(asked)
        if known is None or known.until < time.monotonic():
            version = registry.version(model, which)
            known = _Known(version, time.monotonic() + settings().forge.champion_s)
            self._known[asked] = known
        return known.version


_serving: Final = _Serving()
