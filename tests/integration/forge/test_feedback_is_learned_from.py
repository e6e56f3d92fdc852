"""Feedback finds its prediction, becomes rows of the Lake, and a model learns from it if better."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from flows.collect_feedback import collect_feedback
from flows.evaluate_models import evaluate_models
from flows.retrain_on_feedback import retrain_on_feedback
from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.errors import FeedbackGateError, InvalidRequestError, PredictionNotFoundError
from neurocortex.feedback.giving import Giving
from neurocortex.feedback.store import FeedbackTable
from neurocortex.feedback.values import Feedback, Prediction
from neurocortex.forge.registry import Registry
from neurocortex.forge.store import Place
from neurocortex.lake.store import Lake
from neurocortex.settings import settings
from tasks.feedback_keeping import keeping_predictions
from tests.integration.forge.rollouts import FEATURES, WINES, client, register

SPEC = """
name: {name}
description: Slower to learn than what serves.
task: classification
table: wines
target: target
features: [alcohol, flavanoids, proline]
estimator: nearest_neighbours
parameters: {{n_neighbors: 100}}
metric: accuracy
keep_predictions: true
"""


@dataclass
class Judged:
    """A model that serves, and the people who use it."""

    model: str
    registry: Registry
    url: str

    def predicted_and_labelled(self, rows: int, label: str | None = None) -> None:
        """Have rows of the table predicted by version 1, and say what would have been right."""
        with FeedbackTable(self.url) as table:
            made = [self._prediction(place) for place in range(rows)]
            table.keep(made)
            for place, each in enumerate(made):
                right = str(WINES.target.iloc[_place(place)]) if label is None else label
                table.give("acme", Feedback(request_id=each.id, label=right), "")

    def _prediction(self, place: int) -> Prediction:
        row = {name: float(WINES[name].iloc[_place(place)]) for name in FEATURES}
        return Prediction(
            id=uuid4(),
            tenant="acme",
            forge=DEFAULT_BLOCK,
            model=self.model,
            version=1,
            rows=[row],
            answers=["0"],
            made_at=datetime.now(UTC),
        )


@pytest.fixture
def judged(shared_forge: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Judged:
    model = f"cultivar_{uuid4().hex[:8]}"
    (tmp_path / f"{model}.yaml").write_text(SPEC.format(name=model))
    monkeypatch.setenv("NEUROCORTEX_FORGE__FOLDER", str(tmp_path))
    settings.cache_clear()
    registry, url = Registry(shared_forge), shared_forge.url.get_secret_value()
    registry.promote(register(registry, model, keep_predictions=True))
    with Lake(url) as lake, lake.engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA IF NOT EXISTS data"))
        connection.execute(text("DROP TABLE IF EXISTS data.wines"))
        WINES.to_sql("wines", connection, schema="data", index=False)
    return Judged(model, registry, url)


def test_feedback_finds_the_prediction_of_its_tenant_and_nobody_elses(judged: Judged) -> None:
    async def scenario() -> None:
        async with keeping_predictions(settings()), client(judged.model) as asking:
            answer = await asking.ask()
            assert answer.request_id is not None
            with FeedbackTable(judged.url) as table:
                giving = Giving(table)
                said = Feedback(
                    request_id=answer.request_id, label="1", comment="Ask eve@example.com."
                )
                recorded = await giving.give("acme", said)  # waits until it is written
                assert (recorded.version, recorded.score) == (1, 0.0)
                assert (await giving.give("acme", said)).score == 0.0
                with pytest.raises(PredictionNotFoundError, match="keep_predictions"):
                    await giving.give("another", said)
                with pytest.raises(InvalidRequestError, match="had 1 rows"):
                    await giving.give("acme", said.model_copy(update={"row": 1}))
                with pytest.raises(InvalidRequestError, match="a class, as text"):
                    await giving.give("acme", said.model_copy(update={"label": 1.0}))
            assert "eve@example.com" not in comment(judged.url, answer.request_id)

    asyncio.run(scenario())


def test_a_model_learns_from_feedback_and_a_worse_one_does_not_serve(judged: Judged) -> None:
    judged.predicted_and_labelled(40)
    judged.predicted_and_labelled(3, label="9")
    report = collect_feedback(judged.model)
    assert (report.labelled, report.loaded, report.refused) == (43, 40, 3)

    (skipped,) = retrain_on_feedback(judged.model, at_least=41).models
    assert skipped.report is None
    assert skipped.reason.startswith("40 rows were labelled")
    (trained,) = retrain_on_feedback(judged.model).models
    assert trained.report is not None
    assert (trained.report.version, trained.report.promoted) == (2, False)
    assert trained.report.lineage.feedback_rows == 40
    assert trained.report.lineage.rows == len(WINES) + 40
    assert "no better than the champion's" in trained.reason
    assert judged.registry.champion(judged.model) == 1

    judged.predicted_and_labelled(60)
    evaluation = evaluate_models(judged.model)
    champion, challenger = evaluation.scores
    assert (evaluation.rows, champion.version, challenger.version) == (60, 1, 2)
    assert champion.score > challenger.score
    assert "version 1, which serves, is the best" in evaluation.reason

    judged.predicted_and_labelled(100, label="9")
    with pytest.raises(FeedbackGateError, match="100 of the 160"):
        retrain_on_feedback(judged.model)
    assert judged.registry.champion(judged.model) == 1


def comment(url: str, prediction: UUID) -> str:
    """Return what is kept of a comment."""
    with Lake(url) as lake, lake.engine.connect() as connection:
        wanted = text("SELECT comment FROM work.feedback WHERE prediction_id = :id")
        return str(connection.execute(wanted, {"id": prediction}).scalar_one())


def _place(number: int) -> int:
    """Return the row of the table that is the so-many-th: neighbours are of one class there."""
    return number * 37 % len(WINES)
