"""search: the passages of a collection that fit a question best."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from neurocortex.answering.question import validate_question
from neurocortex.domain.answers import Passage
from neurocortex.domain.deployments import DEFAULT_BLOCK, Tier
from neurocortex.domain.filter_syntax import WrittenFilter
from neurocortex.requests.pipeline import Caching, Estimate, Pipeline
from neurocortex.requests.request import Request
from neurocortex.requests.steps import Steps
from neurocortex.settings import settings
from tasks.caching import COLLECTION
from tasks.questions import read_collection_version, retrieve_passages

CACHED_S: Final = 600.0


class SearchRequest(Request):
    """Ask for passages."""

    operation: Literal["search"] = "search"
    query: str = Field(min_length=1, description="A question, or words.")
    collection: str = Field("documents", min_length=1)
    passages: int = Field(settings().answers.passages, ge=1, le=50)
    filters: WrittenFilter | None = None
    lake: str = Field(DEFAULT_BLOCK, min_length=1, description="Name of the Lake block.")


class Found(BaseModel):
    """What was found, best first."""

    model_config = ConfigDict(frozen=True)

    collection: str
    version: int
    """Number of the collection's last load."""
    passages: list[Passage]


async def _serve(request: SearchRequest, steps: Steps) -> Found:
    query = validate_question(request.query, settings().answers.max_question_chars)
    lake, collection = request.lake, request.collection
    version = await steps.run(read_collection_version, lake, collection)
    passages = await steps.run(
        retrieve_passages, lake, collection, version, query, request.passages, request.filters
    )
    return Found(collection=collection, version=version, passages=passages)


PIPELINE: Final = Pipeline(
    operation="search",
    family="vector",
    summary="Finds the passages of a collection that fit a question best, by words and vectors.",
    request=SearchRequest,
    result=Found,
    tier=Tier.HIGH,
    estimate=lambda _: Estimate(seconds=0.02),
    realtime=_serve,
    caching=Caching(
        ttl_s=CACHED_S,
        tags=lambda request: (COLLECTION.format(collection=request.collection),),
    ),
)
