"""answer: a question answered from a collection, with numbered sources. The story is the same as
that of the flow `answer-question`, which serves it in the standard lane."""

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import Field

from neurocortex.answering.question import validate_question
from neurocortex.domain.answers import Answer, Passage
from neurocortex.domain.deployments import DEFAULT_BLOCK, Tier, answer
from neurocortex.domain.filter_syntax import WrittenFilter
from neurocortex.errors import ProviderError
from neurocortex.requests.pipeline import Caching, Estimate, Pipeline, Standard
from neurocortex.requests.request import Request
from neurocortex.requests.steps import Steps
from neurocortex.settings import settings
from tasks.caching import COLLECTION
from tasks.questions import (
    extract_answer,
    find_provider,
    generate_answer,
    read_collection_version,
    retrieve_passages,
)

CACHED_S: Final = 3600.0


class AnswerRequest(Request):
    """Ask a question."""

    operation: Literal["answer"] = "answer"
    question: str = Field(min_length=1, description="In plain words.")
    collection: str = Field("documents", min_length=1)
    passages: int = Field(
        settings().answers.passages, ge=1, le=50, description="To draw the answer from."
    )
    llm: str = Field(
        DEFAULT_BLOCK, description="Name of the LLM Provider block. Empty: quote the best source."
    )
    filters: WrittenFilter | None = None
    lake: str = Field(DEFAULT_BLOCK, min_length=1, description="Name of the Lake block.")


async def _serve(request: AnswerRequest, steps: Steps) -> Answer:
    asked = validate_question(request.question, settings().answers.max_question_chars)
    lake, collection = request.lake, request.collection
    version = await steps.run(read_collection_version, lake, collection)
    found = await steps.run(
        retrieve_passages, lake, collection, version, asked, request.passages, request.filters
    )
    return await _answer(asked, request, found, steps)


async def _answer(asked: str, request: AnswerRequest, found: list[Passage], steps: Steps) -> Answer:
    collection = request.collection
    model = await steps.run(find_provider, request.llm) if found and request.llm else None
    if model is None:
        return await steps.run(extract_answer, asked, collection, found)
    try:
        return await steps.run(
            generate_answer, asked, collection, found, request.llm, model, request.budget.tokens
        )
    except ProviderError:
        quoted = await steps.run(extract_answer, asked, collection, found)
        note = f"The LLM provider {request.llm!r} failed, so this answer is quoted from a source."
        return quoted.model_copy(update={"note": " ".join(filter(None, (note, quoted.note)))})


def _parameters(request: AnswerRequest) -> Mapping[str, object]:
    return request.model_dump(include={"question", "collection", "passages", "llm", "lake"})


PIPELINE: Final = Pipeline(
    operation="answer",
    family="nlp",
    summary="Answers a question from the documents of a collection, with numbered sources.",
    request=AnswerRequest,
    result=Answer,
    tier=Tier.HIGH,
    estimate=lambda request: Estimate(
        seconds=3.0 if request.llm and settings().llm.base_url else 0.1, tokens=2000
    ),
    realtime=_serve,
    standard=Standard(
        deployments={tier: answer(tier) for tier in (Tier.CRITICAL, Tier.HIGH)},
        parameters=_parameters,
    ),
    caching=Caching(
        ttl_s=CACHED_S,
        tags=lambda request: (COLLECTION.format(collection=request.collection),),
    ),
)
