"""answer: a question answered from a collection, with numbered sources. The story is the same as
that of the flow `answer-question`, which serves it in the standard lane."""

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import Field

from neurocortex.answering.question import validate_question
from neurocortex.domain.answers import Answer, Passage
from neurocortex.domain.choices import AUTO
from neurocortex.domain.deployments import DEFAULT_BLOCK, Tier, answer
from neurocortex.domain.filter_syntax import WrittenFilter
from neurocortex.domain.refinement import Refinement
from neurocortex.domain.usage import estimated_tokens
from neurocortex.errors import NoProviderFitsError, ProviderError
from neurocortex.requests.choosing import ChoosingRequest
from neurocortex.requests.pipeline import Caching, Estimate, Pipeline, Standard
from neurocortex.requests.steps import Steps
from neurocortex.settings import settings
from tasks.asking import providers_of
from tasks.caching import COLLECTION
from tasks.questions import (
    extract_answer,
    find_provider,
    generate_answer,
    read_collection_version,
)
from tasks.refining import Sought, find_passages

CACHED_S: Final = 3600.0

USUAL_ANSWER: Final = 200
"""Tokens."""


class AnswerRequest(ChoosingRequest):
    """Ask a question."""

    operation: Literal["answer"] = "answer"
    question: str = Field(min_length=1, description="In plain words.")
    collection: str = Field("documents", min_length=1)
    passages: int = Field(
        settings().answers.passages, ge=1, le=50, description="To draw the answer from."
    )
    llm: str = Field(
        DEFAULT_BLOCK,
        description="Name of the LLM Provider block, or `auto`: the one that serves best now."
        " Empty: quote the best source.",
    )
    filters: WrittenFilter | None = None
    refine: Refinement | None = Field(
        None, description="Have an LLM word the question anew, or grade what was found."
    )
    lake: str = Field(DEFAULT_BLOCK, min_length=1, description="Name of the Lake block.")


async def _serve(request: AnswerRequest, steps: Steps) -> Answer:
    asked = validate_question(request.question, settings().answers.max_question_chars)
    lake, collection = request.lake, request.collection
    version = await steps.run(read_collection_version, lake, collection)
    sought = Sought(lake, collection, version, asked, request.passages, request.filters)
    found = await find_passages(sought, request.refine, steps)
    answer = await _answer(asked, request, found.passages, steps)
    return answer.because(found.note)


async def _answer(asked: str, request: AnswerRequest, found: list[Passage], steps: Steps) -> Answer:
    note = None
    try:
        written = await _written(asked, request, found, steps) if found and request.llm else None
    except NoProviderFitsError as error:
        written, note = None, f"This answer is quoted from a source. {error}"
    except ProviderError:
        written = None
        note = f"The LLM provider {request.llm!r} failed, so this answer is quoted from a source."
    if written is not None:
        return written
    quoted = await steps.run(extract_answer, asked, request.collection, found)
    return quoted.because(note)


async def _written(
    asked: str, request: AnswerRequest, found: list[Passage], steps: Steps
) -> Answer | None:
    """Return what an LLM writes; None: there is none."""

    async def written(provider: str) -> Answer | None:
        model = await steps.run(find_provider, provider) if provider else None
        if model is None:
            return None
        return await steps.run(
            generate_answer,
            asked,
            request.collection,
            found,
            provider,
            model,
            request.budget.tokens,
        )

    sent = estimated_tokens(asked, *(passage.text for passage in found))
    wanted = request.asked(sent, USUAL_ANSWER)
    async with providers_of(request, wanted, steps) as providers:
        answer = await providers.ask(written)
    return answer.model_copy(update={"choice": providers.choice}) if answer else None


def _parameters(request: AnswerRequest) -> Mapping[str, object]:
    search = {"question", "collection", "passages", "filters", "refine", "lake"}
    return request.model_dump(mode="json", include=search | {"llm", "fallbacks", "choose"})


PIPELINE: Final = Pipeline(
    operation="answer",
    family="nlp",
    summary="Answers a question from the documents of a collection, with numbered sources.",
    request=AnswerRequest,
    result=Answer,
    tier=Tier.HIGH,
    estimate=lambda request: Estimate(
        seconds=3.0 if request.llm == AUTO or (request.llm and settings().llm.base_url) else 0.1,
        tokens=2000,
    ),
    realtime=_serve,
    standard=Standard(
        deployments={tier: answer(tier) for tier in (Tier.CRITICAL, Tier.HIGH)},
        parameters=_parameters,
    ),
    caching=Caching(
        ttl_s=CACHED_S,
        tags=lambda request: (COLLECTION.format(collection=request.collection),),
        lasts=lambda answer: not answer.is_fallback,
    ),
)
