"""search: the passages of a collection that fit a question best."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from neurocortex.answering.question import validate_question
from neurocortex.domain.answers import Passage
from neurocortex.domain.deployments import DEFAULT_BLOCK, Tier
from neurocortex.domain.filter_syntax import WrittenFilter
from neurocortex.domain.refinement import Refinement
from neurocortex.requests.pipeline import Caching, Estimate, Pipeline
from neurocortex.requests.request import Request
from neurocortex.requests.steps import Steps
from neurocortex.settings import settings
from tasks.caching import COLLECTION
from tasks.questions import read_collection_version
from tasks.refining import Sought, find_passages

CACHED_S: Final = 600.0


class SearchRequest(Request):
    """Ask for passages."""

    operation: Literal["search"] = "search"
    query: str = Field(min_length=1, description="A question, or words.")
    collection: str = Field("documents", min_length=1)
    passages: int = Field(settings().answers.passages, ge=1, le=50)
    filters: WrittenFilter | None = None
    refine: Refinement | None = Field(
        None, description="Have an LLM word the query anew, or grade what was found."
    )
    lake: str = Field(DEFAULT_BLOCK, min_length=1, description="Name of the Lake block.")


class Found(BaseModel):
    """What was found, best first."""

    model_config = ConfigDict(frozen=True)

    collection: str
    version: int
    """Number of the collection's last load."""
    passages: list[Passage]
    note: str | None = None
    """What the reader should know, e.g. that the LLM failed and nothing was refined."""


async def _serve(request: SearchRequest, steps: Steps) -> Found:
    query = validate_question(request.query, settings().answers.max_question_chars)
    lake, collection = request.lake, request.collection
    version = await steps.run(read_collection_version, lake, collection)
    sought = Sought(lake, collection, version, query, request.passages, request.filters)
    found = await find_passages(sought, request.refine, steps)
    return Found(collection=collection, version=version, passages=found.passages, note=found.note)


PIPELINE: Final = Pipeline(
    operation="search",
    family="vector",
    summary="Finds the passages of a collection that fit a question best, by words and vectors.",
    request=SearchRequest,
    result=Found,
    tier=Tier.HIGH,
    estimate=lambda request: (
        Estimate(seconds=3.0, tokens=4000) if request.refine else Estimate(seconds=0.02)
    ),
    realtime=_serve,
    caching=Caching(
        ttl_s=CACHED_S,
        tags=lambda request: (COLLECTION.format(collection=request.collection),),
        lasts=lambda found: found.note is None,
    ),
)
