"""Feedback taken from programs: personal data hidden, the prediction found."""

import asyncio
from typing import Final

from neurocortex.domain.work import DEFAULT_TENANT
from neurocortex.errors import PredictionNotFoundError
from neurocortex.feedback.store import FeedbackTable
from neurocortex.feedback.values import Feedback, Recorded
from neurocortex.privacy.hiding import Hider, Place
from neurocortex.privacy.opening import configured_finder, configured_policy, keyring
from neurocortex.privacy.policies import Action
from neurocortex.privacy.texts import hidden

WRITTEN_S: Final = 1.0
"""A prediction is in PostgreSQL that long after its answer."""

AGAIN_S: Final = 0.1


class Giving:
    """Takes feedback for one table."""

    def __init__(self, table: FeedbackTable) -> None:
        """Write to a table."""
        self._table = table

    async def give(self, tenant: str, given: Feedback, *, wait_s: float = WRITTEN_S) -> Recorded:
        """Take down what a tenant says about a prediction.

        Args:
            tenant: who says it.
            given: what.
            wait_s: seconds until the prediction must be there.

        Raises:
            PredictionNotFoundError: none of that id is kept for the tenant.
            InvalidRequestError: it has no such row, or the label is of another kind.
            LakeUnavailableError: PostgreSQL does not answer.
        """
        comment = await asyncio.to_thread(_without_personal_data, given.comment)
        deadline = asyncio.get_running_loop().time() + wait_s
        while True:
            try:
                return await asyncio.to_thread(self._table.give, tenant, given, comment)
            except PredictionNotFoundError:
                if asyncio.get_running_loop().time() >= deadline:
                    raise
            await asyncio.sleep(AGAIN_S)


def _without_personal_data(comment: str) -> str:
    """Return a comment with placeholders: nobody needs to know there who said what of whom."""
    if not comment:
        return comment
    hider = Hider(Place(DEFAULT_TENANT, "feedback"), keyring)
    return hidden(comment, configured_finder(), configured_policy(Action.REDACT), hider)
