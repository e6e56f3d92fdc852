"""The door for feedback: how good was the answer that a choice led to?"""

from uuid import UUID

from neurocortex.selection.selector import opened
from neurocortex.settings import settings


async def judge(id_: UUID, score: float, tenant: str | None = None) -> bool:
    """Let the selector learn how good an answer was.

    Args:
        id_: of the request, or of the choice's receipt; they are the same but for an answer that
            came from a cache, whose `choice.receipt` is the one to judge.
        score: 0 (useless) to 1 (right).
        tenant: who judges; None: an operator, who may judge any.

    Returns:
        Whether it counted: the first judgement of an answer does.

    Raises:
        ChoiceNotFoundError: no provider was chosen for it, it was another tenant's, or it is older
            than `NEUROCORTEX_SELECTION__RECEIPTS_S`.
        InvalidRequestError: the score is not from 0 to 1.
        ChoicesUnavailableError: Redis does not answer.
        NotRunningError: there is no Redis.
    """
    async with opened(settings()) as selector:
        return await selector.judge(id_, score, tenant)
