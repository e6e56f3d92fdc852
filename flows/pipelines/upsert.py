"""upsert: texts into a collection, through the gate, in one transaction."""

from typing import Final, Literal

from pydantic import Field

from neurocortex.domain.deployments import DEFAULT_BLOCK, Tier
from neurocortex.requests.pipeline import Estimate, Pipeline
from neurocortex.requests.request import Request
from neurocortex.requests.steps import Steps
from tasks.caching import COLLECTION
from tasks.vectors import Text, Upserted, upsert_texts

MAX_TEXTS: Final = 100
"""Of one request: more belong into a run of ingest-documents."""


class UpsertRequest(Request):
    """Bring texts into a collection."""

    operation: Literal["upsert"] = "upsert"
    documents: tuple[Text, ...] = Field(min_length=1, max_length=MAX_TEXTS)
    collection: str = Field(
        "documents", min_length=1, description="Made where there is none of that name."
    )
    lake: str = Field(DEFAULT_BLOCK, min_length=1, description="Name of the Lake block.")


async def _serve(request: UpsertRequest, steps: Steps) -> Upserted:
    return await steps.run(upsert_texts, request.lake, request.collection, request.documents)


PIPELINE: Final = Pipeline(
    operation="upsert",
    family="vector",
    summary="Brings texts into a collection: new and changed ones, through the quality gate.",
    request=UpsertRequest,
    result=Upserted,
    tier=Tier.MEDIUM,
    estimate=lambda request: Estimate(seconds=0.5 + 0.02 * len(request.documents)),
    realtime=_serve,
    writes=True,
    outdates=lambda request: (COLLECTION.format(collection=request.collection),),
)
