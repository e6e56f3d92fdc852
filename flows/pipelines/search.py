"""search: the passages of a collection that fit a question best."""

import asyncio
from typing import Final, Literal
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field

from neurocortex.answering.question import validate_question
from neurocortex.domain.answers import Passage
from neurocortex.domain.deployments import DEFAULT_BLOCK, Tier
from neurocortex.domain.filter_syntax import WrittenFilter
from neurocortex.domain.refinement import Refinement
from neurocortex.domain.strict import Strict
from neurocortex.errors import NeuroCortexError
from neurocortex.experiments.interleaving import Team, draft
from neurocortex.requests.current import current
from neurocortex.requests.pipeline import Caching, Estimate, Pipeline
from neurocortex.requests.request import Request
from neurocortex.requests.steps import Steps
from neurocortex.settings import settings
from tasks.caching import COLLECTION
from tasks.questions import read_collection_version
from tasks.refining import Sought, find_passages

CACHED_S: Final = 600.0

AGAINST_FAILED: Final = "The search `against` it failed: {error}"


class Against(Strict):
    """What a second search does otherwise; what it leaves out is as the request says."""

    collection: str = Field("documents", min_length=1)
    filters: WrittenFilter | None = None
    refine: Refinement | None = None
    lake: str = Field(DEFAULT_BLOCK, min_length=1)


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
    against: Against | None = Field(
        None, description="Search twice, also with these fields: both rankings pick in turns."
    )


class Found(BaseModel):
    """What was found, best first."""

    model_config = ConfigDict(frozen=True)

    collection: str
    version: int
    """Number of the collection's last load."""
    passages: list[Passage]
    note: str | None = None
    """What the reader should know, e.g. that the LLM failed and nothing was refined."""
    teams: list[Team] | None = None
    """Which search picked each passage; None: there was one search."""


async def _serve(request: SearchRequest, steps: Steps) -> Found:
    if request.against is None:
        return await _search(request, steps)
    first, second = await asyncio.gather(
        _search(request, steps), _second(request, request.against, steps)
    )
    serving = current()
    drafted = draft(
        first.passages,
        second.passages,
        request.passages,
        serving.id if serving is not None else uuid4(),  # outside of a lane nobody asks again
        lambda passage: (passage.source, passage.text),
    )
    return first.model_copy(
        update={
            "passages": [passage for passage, _ in drafted],
            "teams": [team for _, team in drafted],
            "note": " ".join(filter(None, (first.note, second.note))) or None,
        }
    )


async def _second(request: SearchRequest, against: Against, steps: Steps) -> Found:
    changed = {name: getattr(against, name) for name in against.model_fields_set}
    other = request.model_copy(update=changed)
    try:
        return await _search(other, steps)
    except NeuroCortexError as error:  # whoever asks has the other ranking
        note = AGAINST_FAILED.format(error=error)
        return Found(collection=other.collection, version=0, passages=[], note=note)


async def _search(request: SearchRequest, steps: Steps) -> Found:
    query = validate_question(request.query, settings().answers.max_question_chars)
    lake, collection = request.lake, request.collection
    version = await steps.run(read_collection_version, lake, collection)
    sought = Sought(lake, collection, version, query, request.passages, request.filters)
    found = await find_passages(sought, request.refine, steps)
    return Found(collection=collection, version=version, passages=found.passages, note=found.note)


def _estimate(request: SearchRequest) -> Estimate:
    if request.refine or (request.against and request.against.refine):
        return Estimate(seconds=3.0, tokens=4000)
    return Estimate(seconds=0.02)


PIPELINE: Final = Pipeline(
    operation="search",
    family="vector",
    summary="Finds the passages of a collection that fit a question best, by words and vectors.",
    request=SearchRequest,
    result=Found,
    tier=Tier.HIGH,
    estimate=_estimate,
    realtime=_serve,
    caching=Caching(
        ttl_s=CACHED_S,
        tags=lambda request: (COLLECTION.format(collection=request.collection),),
        lasts=lambda found: found.note is None and found.teams is None,
    ),
)
