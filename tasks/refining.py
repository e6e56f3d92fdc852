"""Finding passages with the help of an LLM: by several wordings, and graded by it."""

import asyncio
from typing import Final, NamedTuple, TypeVar

from prefect import task
from pydantic import BaseModel, JsonValue

from neurocortex.answering import grading, rewording
from neurocortex.answering.grading import Grades
from neurocortex.answering.rewording import Ranking, Wordings
from neurocortex.domain.answers import Passage
from neurocortex.domain.endpoints import LlmProvider
from neurocortex.domain.filter_syntax import WrittenFilter, read
from neurocortex.domain.refinement import Refinement
from neurocortex.errors import ExtractionError, ProviderError
from neurocortex.requests.steps import Steps
from tasks.caching import COLLECTION, cached
from tasks.lake import opened
from tasks.options import STEP
from tasks.questions import KEPT, find_provider, retrieve_passages
from tasks.structures import extract_structure

ReadT = TypeVar("ReadT", bound=BaseModel)

FAILED: Final = "The LLM provider {llm!r} failed, so the passages are as the search ranks them."


class Sought(NamedTuple):
    """What `retrieve_passages` takes."""

    lake: str
    collection: str
    version: int
    question: str
    limit: int
    filters: WrittenFilter | None = None


class Found(NamedTuple):
    """Passages, best first."""

    passages: list[Passage]
    note: str | None = None
    """Why they are not refined, though that was asked for."""


@task(**STEP, **cached(KEPT, COLLECTION), task_run_name="search {collection}, refined")
def retrieve_refined_passages(
    lake: str,
    collection: str,
    version: int,  # noqa: ARG001 - part of the cache key: a load makes older results stale
    question: str,
    limit: int,
    filters: WrittenFilter | None,
    refinement: Refinement,
    model: LlmProvider | None,  # noqa: ARG001 - part of the cache key: another model refines anew
) -> list[Passage]:
    """Return the passages nearest to the question, best first, as an LLM helps to find them.

    `model` is what `find_provider` returned for the LLM of the refinement.

    Raises:
        ProviderMissingError: there is no such provider block.
        ProviderError: the endpoint refused or failed.
        ExtractionError: what it wrote did not follow the schema, also when asked again.
        TokenBudgetSpentError: the request's budget has no room for it.
        TenantBudgetSpentError: its tenant's has not.
    """
    wordings = [question]
    if refinement.rewordings:
        wordings = rewording.distinct(question, asyncio.run(_wordings(question, refinement)))
    wanted = grading.candidates(limit) if refinement.rerank else limit
    found = _fused(lake, collection, wordings, wanted, filters)
    if not refinement.rerank or not found:
        return found
    return grading.in_order(found, asyncio.run(_grades(question, found, refinement.llm)), limit)


async def find_passages(sought: Sought, refinement: Refinement | None, steps: Steps) -> Found:
    """Return the passages; as the search ranks them where the LLM fails.

    Raises:
        ProviderMissingError: there is no such provider block.
    """
    if refinement is None:
        return Found(await steps.run(retrieve_passages, *sought))
    model = await steps.run(find_provider, refinement.llm)
    try:
        return Found(await steps.run(retrieve_refined_passages, *sought, refinement, model))
    except (ProviderError, ExtractionError):
        plain = await steps.run(retrieve_passages, *sought)
        return Found(plain, FAILED.format(llm=refinement.llm))


def _fused(
    lake: str, collection: str, wordings: list[str], limit: int, filters: WrittenFilter | None
) -> list[Passage]:
    wanted = read(filters) if filters else None
    with opened(lake) as store:
        rankings = [
            Ranking(each, store.search(collection, each, limit, wanted=wanted)) for each in wordings
        ]
    return list(rankings[0].passages) if len(rankings) == 1 else rewording.fuse(rankings, limit)


async def _wordings(question: str, refinement: Refinement) -> list[str]:
    count = refinement.rewordings
    told = rewording.INSTRUCTIONS.format(count=count)
    schema = rewording.schema_of(count)
    return (await _read(Wordings, question, schema, told, refinement.llm)).wordings


async def _grades(question: str, passages: list[Passage], llm: str) -> Grades:
    text = grading.graded_text(question, passages)
    return await _read(Grades, text, grading.SCHEMA, grading.INSTRUCTIONS, llm)


async def _read(
    kind: type[ReadT], text: str, schema: dict[str, JsonValue], instructions: str, llm: str
) -> ReadT:
    from neurocortex.engines.openai_chat import close_clients  # 1 s to import

    try:
        found = await extract_structure.fn(text, schema, instructions, llm)
    finally:
        await close_clients()  # this event loop ends, and their connections with it
    return kind.model_validate(found.data)
