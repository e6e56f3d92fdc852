"""delete: documents out of a collection, by their source."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from neurocortex.domain.deployments import DEFAULT_BLOCK, Tier
from neurocortex.requests.pipeline import Estimate, Pipeline
from neurocortex.requests.request import Request
from neurocortex.requests.steps import Steps
from tasks.caching import COLLECTION
from tasks.vectors import delete_documents


class DeleteRequest(Request):
    """Delete documents."""

    operation: Literal["delete"] = "delete"
    sources: tuple[str, ...] = Field(
        min_length=1, max_length=10_000, description="Those that are not there are ignored."
    )
    collection: str = Field("documents", min_length=1)
    lake: str = Field(DEFAULT_BLOCK, min_length=1, description="Name of the Lake block.")


class Deleted(BaseModel):
    """How many documents went."""

    model_config = ConfigDict(frozen=True)

    collection: str
    documents: int


async def _serve(request: DeleteRequest, steps: Steps) -> Deleted:
    count = await steps.run(delete_documents, request.lake, request.collection, request.sources)
    return Deleted(collection=request.collection, documents=count)


PIPELINE: Final = Pipeline(
    operation="delete",
    family="vector",
    summary="Deletes documents of a collection by their source.",
    request=DeleteRequest,
    result=Deleted,
    tier=Tier.MEDIUM,
    estimate=lambda request: Estimate(seconds=0.1 + 0.001 * len(request.sources)),
    realtime=_serve,
    writes=True,
    outdates=lambda request: (COLLECTION.format(collection=request.collection),),
)
