"""Predictions and what was said about them, in PostgreSQL."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import Row, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from neurocortex.errors import InvalidRequestError, PredictionNotFoundError
from neurocortex.feedback.tables import feedback, predictions
from neurocortex.feedback.values import (
    Feedback,
    Labelled,
    Prediction,
    Recorded,
    digest,
    label_problem,
    score_of,
)
from neurocortex.lake.service_store import ServiceStore

POOL_SIZE: Final = 2
STATEMENT_TIMEOUT_S: Final = 30.0
PRUNED_AT_ONCE: Final = 5000


class FeedbackTable(ServiceStore):
    """Predictions and feedback in the database of the Lake. Its methods block."""

    def __init__(self, url: str) -> None:
        """Open the tables at a `postgresql://` address; it connects at first use."""
        super().__init__(url, pool_size=POOL_SIZE, statement_timeout_s=STATEMENT_TIMEOUT_S)

    def keep(self, made: Sequence[Prediction]) -> None:
        """Keep predictions; one that is there already stays as it is."""
        values = [
            {
                "id": each.id,
                "tenant": each.tenant,
                "forge": each.forge,
                "model": each.model,
                "version": each.version,
                "digest": digest(each.rows),
                "rows": [dict(row) for row in each.rows],
                "answers": list(each.answers),
                "made_at": each.made_at,
            }
            for each in made
        ]
        with self.transaction() as connection:
            connection.execute(insert(predictions).on_conflict_do_nothing(), values)

    def give(self, tenant: str, given: Feedback, comment: str) -> Recorded:
        """Take down what a tenant says; what it said of that row before is replaced.

        Args:
            tenant: who says it.
            given: what.
            comment: in place of the given one, without personal data.

        Raises:
            PredictionNotFoundError: none of that id is kept for the tenant.
            InvalidRequestError: it has no such row, or the label is of another kind.
        """
        with self.transaction() as connection:
            found = connection.execute(
                select(predictions).where(
                    predictions.c.id == given.request_id, predictions.c.tenant == tenant
                )
            ).one_or_none()
            if found is None:
                raise PredictionNotFoundError(given.request_id)
            wrong = label_problem(given, found.answers)
            if wrong is not None:
                raise InvalidRequestError([("row", wrong)])
            score = score_of(given, found.answers[given.row])
            said = {"score": score, "label": given.label, "comment": comment}
            copied = ("tenant", "forge", "model", "version", "digest", "made_at")
            statement = insert(feedback).values(
                prediction_id=found.id,
                row=given.row,
                **{name: getattr(found, name) for name in copied},
                **said,
            )
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=[feedback.c.prediction_id, feedback.c.row],
                    set_={**said, "given_at": func.now(), "collected_at": None},
                )
            )
        return Recorded(
            request_id=found.id,
            row=given.row,
            model=found.model,
            version=found.version,
            score=score,
        )

    def labelled(self, forge: str, model: str, *, uncollected: bool = False) -> Sequence[Labelled]:
        """Return rows whose right answer is known and whose features are kept, oldest first."""
        wanted = (
            select(feedback, predictions.c.rows, predictions.c.answers)
            .join(predictions, predictions.c.id == feedback.c.prediction_id)
            .where(
                feedback.c.forge == forge,
                feedback.c.model == model,
                feedback.c.label.is_not(None),
            )
            .order_by(feedback.c.given_at, feedback.c.prediction_id, feedback.c.row)
        )
        if uncollected:
            wanted = wanted.where(feedback.c.collected_at.is_(None))
        with self.transaction() as connection:
            return [_labelled(found) for found in connection.execute(wanted)]

    def collected(self, rows: Sequence[Labelled]) -> None:
        """Note that rows are in the Lake; what was corrected meanwhile is collected again."""
        keys = [(each.request, each.row, each.given_at) for each in rows]
        place = tuple_(feedback.c.prediction_id, feedback.c.row, feedback.c.given_at)
        with self.transaction() as connection:
            connection.execute(
                update(feedback).where(place.in_(keys)).values(collected_at=func.now())
            )

    def prune(self, age: timedelta) -> int:
        """Delete some predictions that are older; return how many."""
        old = (
            select(predictions.c.id)
            .where(predictions.c.made_at < func.now() - age)
            .limit(PRUNED_AT_ONCE)
        )
        with self.transaction() as connection:
            return connection.execute(delete(predictions).where(predictions.c.id.in_(old))).rowcount


def _labelled(found: Row[tuple[object, ...]]) -> Labelled:
    return Labelled(
        request=found.prediction_id,
        row=found.row,
        version=found.version,
        features=found.rows[found.row],
        answer=found.answers[found.row],
        label=found.label,
        given_at=found.given_at,
    )
