"""Versions of a model of the test's own, and a lane's way of asking them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from uuid import UUID, uuid4

from sklearn.datasets import load_wine

from neurocortex.domain.deployments import DEFAULT_BLOCK, Tier
from neurocortex.forge.card import Card, Lineage
from neurocortex.forge.predicting import Predicted
from neurocortex.forge.registry import Registry
from neurocortex.forge.schema import Value
from neurocortex.forge.spec import Task, TrainingSpec
from neurocortex.forge.training import Trained, train
from neurocortex.forge.versions import Version
from neurocortex.realtime.batching import Limits
from neurocortex.realtime.lane_steps import LaneSteps
from neurocortex.realtime.running import TaskRunner
from neurocortex.realtime.threads import Threads
from neurocortex.requests.current import Serving, serving
from neurocortex.requests.steps import Steps
from tasks.predictions import Asked, predicted

WINES = load_wine(as_frame=True).frame
FEATURES = ("alcohol", "flavanoids", "proline")
WINE: dict[str, Value] = {"alcohol": 14.2, "flavanoids": 3.1, "proline": 1065.0}
"""Of class 0."""


def register(
    registry: Registry,
    model: str,
    *,
    features: tuple[str, ...] = FEATURES,
    keep_predictions: bool = False,
    estimator: str = "logistic_regression",
) -> Version:
    """Train a version on scikit-learn's wines, and register it."""
    spec = _spec(features, estimator).model_copy(
        update={"name": model, "keep_predictions": keep_predictions}
    )
    trained = _trained(features, estimator)
    lineage = Lineage(table="wines", version=1, rows=len(WINES), digest="")
    card = Card(
        spec=spec,
        takes=trained.schema,
        classes=trained.classes,
        scores=trained.scores,
        importances=trained.importances,
        lineage=lineage,
        trained_at=datetime.now(UTC),
        flow_run=None,
    )
    return registry.register(card, trained.model)


def _spec(features: tuple[str, ...], estimator: str) -> TrainingSpec:
    return TrainingSpec(
        name="cultivar",
        description="The cultivar of a wine.",
        task=Task.CLASSIFICATION,
        table="wines",
        target="target",
        features=features,
        estimator=estimator,
        metric="accuracy",
    )


@cache
def _trained(features: tuple[str, ...], estimator: str) -> Trained:
    """Train once: it is the rollout that is tested."""
    return train(WINES, _spec(features, estimator))


@dataclass
class Client:
    """Asks a model as the lane does."""

    model: str
    steps: Steps

    async def ask(self, version: str = "champion", number: UUID | None = None) -> Predicted:
        """Return the prediction for one wine."""
        request = Serving(number or uuid4(), "acme", Tier.HIGH)
        with serving(request):
            return await predicted(Asked((WINE,), DEFAULT_BLOCK, self.model, version), self.steps)


@asynccontextmanager
async def client(model: str) -> AsyncGenerator[Client]:
    """Give a client with threads of its own."""
    with Threads(4) as threads:
        yield Client(model, LaneSteps(TaskRunner(threads, Limits(64, 0.001), None), "acme", None))
