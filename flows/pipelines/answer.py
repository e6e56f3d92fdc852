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
from neurocortex.domain.usage import estimated_tokens
from neurocortex.errors import NoProviderFitsError, ProviderError
from neurocortex.requests.choosing import ChoosingRequest
from neurocortex.requests.pipeline import Caching, Estimate, Pipeline, Standard
from neurocortex.requests.steps import Steps
from neurocortex.settings import settings
from tasks.caching import COLLECTION
from tasks.choosing import trial_of
from tasks.questions import (
    extract_answer,
    find_provider,
    generate_answer,
    read_collection_version,
    retrieve_passages,
)

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
    return quoted.model_copy(update={"note": " ".join(filter(None, (note, quoted.note))) or None})


async def _written(
    asked: str, request: AnswerRequest, found: list[Passage], steps: Steps
) -> Answer | None:
    """Return what an LLM writes; None: there is none."""
    sent = estimated_tokens(asked, *(passage.text for passage in found))
    wanted = request.asked(sent, USUAL_ANSWER)
    async with await trial_of(request.llm, wanted, steps) as trial:
        model = await steps.run(find_provider, trial.provider) if trial.provider else None
        if model is None:
            return None
        answer = await steps.run(
            generate_answer,
            asked,
            request.collection,
            found,
            trial.provider,
            model,
            request.budget.tokens,
        )
    return answer.model_copy(update={"choice": trial.choice})


def _parameters(request: AnswerRequest) -> Mapping[str, object]:
    asked = {"question", "collection", "passages", "llm", "choose", "filters", "lake"}
    return request.model_dump(mode="json", include=asked)


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
    ),
)
