"""summarise: a text, a document of the Lake, or what a collection says to a question, in short."""

import asyncio
from typing import Final, Literal

from pydantic import ConfigDict, Field, model_validator

from neurocortex.answering.question import validate_question
from neurocortex.domain.choices import AUTO
from neurocortex.domain.deployments import DEFAULT_BLOCK, Tier
from neurocortex.domain.language import Method, Summary
from neurocortex.domain.usage import estimated_tokens
from neurocortex.errors import NoProviderFitsError, ProviderError
from neurocortex.language.summaries import PART_CHARS, parts_of
from neurocortex.requests.choosing import ChoosingRequest
from neurocortex.requests.pipeline import Caching, Estimate, Pipeline
from neurocortex.requests.steps import Steps
from neurocortex.settings import settings
from tasks.asking import providers_of
from tasks.caching import COLLECTION
from tasks.questions import find_provider, read_collection_version, retrieve_passages
from tasks.summaries import choose_sentences, read_document, write_summary

MAX_CHARS: Final = 200_000
"""Of a text: about 70 pages, which an LLM reads in nine parts."""

PASSAGES: Final = 20
"""A collection is summarised from so many, those nearest to the question."""

CACHED_S: Final = 3600.0

SECONDS_PER_PART: Final = 6.0
"""About 300 tokens written by an LLM."""

TOKENS_PER_SENTENCE: Final = 100
"""With those of what a long text's parts are summarised by."""


class SummariseRequest(ChoosingRequest):
    """Ask for a summary, of one of three: a text; a document; what a collection says to a query."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "The Lake keeps documents. ...", "sentences": 2}]}
    )

    operation: Literal["summarise"] = "summarise"
    text: str | None = Field(
        None, min_length=1, max_length=MAX_CHARS, description="What is summarised."
    )
    collection: str | None = Field(
        None, min_length=1, description="In place of `text`, with `source` or `query`."
    )
    source: str | None = Field(
        None, min_length=1, max_length=1000, description="A document of the collection."
    )
    query: str | None = Field(
        None, min_length=1, description="What the summary is to be about, as a question or words."
    )
    sentences: int = Field(5, ge=1, le=30, description="Its length, about.")
    llm: str = Field(
        DEFAULT_BLOCK,
        description="Name of the LLM Provider block, or `auto`: the one that serves best now."
        " Empty: the text's own sentences are chosen.",
    )
    lake: str = Field(DEFAULT_BLOCK, min_length=1, description="Name of the Lake block.")

    @model_validator(mode="after")
    def _one_thing(self) -> "SummariseRequest":
        if (self.text is None) == (self.collection is None):
            raise ValueError("give either `text` or `collection`")
        if self.text is not None and self.source is not None:
            raise ValueError("`source` names a document of a `collection`: leave out `text`")
        if self.collection is not None and self.source is None and self.query is None:
            raise ValueError("with `collection`, give `source` or `query`")
        return self


async def _serve(request: SummariseRequest, steps: Steps) -> Summary:
    asked = request.query
    if asked is not None:
        asked = validate_question(asked, settings().answers.max_question_chars)
    text, sources = await _read(request, asked, steps)
    if not text.strip():
        empty = "There is nothing to summarise."
        return Summary(method=Method.EXTRACTIVE, model="none", text="", note=empty, sources=sources)
    note = None
    try:
        summary = await _by_llm(text, asked, request, steps) if request.llm else None
    except NoProviderFitsError as error:
        summary, note = None, f"Sentences of the text were chosen. {error}"
    except ProviderError:
        if request.stream:  # pieces of another answer may be with the client
            raise
        summary = None
        note = f"The LLM provider {request.llm!r} failed, so sentences of the text were chosen."
    if summary is None:
        chosen = await steps.run(choose_sentences, text, request.sentences, asked)
        summary = chosen.model_copy(update={"note": note, "is_fallback": note is not None})
    return summary.model_copy(update={"sources": sources})


async def _by_llm(
    text: str, asked: str | None, request: SummariseRequest, steps: Steps
) -> Summary | None:
    """Return what an LLM writes; None: there is none."""

    async def written(provider: str) -> Summary | None:
        model = await steps.run(find_provider, provider) if provider else None
        return await _written(text, asked, request, provider, steps) if model else None

    wanted = request.asked(estimated_tokens(text), TOKENS_PER_SENTENCE * request.sentences)
    async with providers_of(request, wanted, steps) as providers:
        summary = await providers.ask(written)
    return summary.model_copy(update={"choice": providers.choice}) if summary else None


async def _read(
    request: SummariseRequest, asked: str | None, steps: Steps
) -> tuple[str, tuple[str, ...]]:
    """Return what is summarised, and the documents it comes from."""
    collection = request.collection
    if collection is None:
        return request.text or "", ()
    if request.source is not None:
        document = await steps.run(read_document, request.lake, collection, request.source)
        return document.text[:MAX_CHARS], (document.source,)
    version = await steps.run(read_collection_version, request.lake, collection)
    found = await steps.run(
        retrieve_passages, request.lake, collection, version, asked or "", PASSAGES
    )
    sources = tuple(dict.fromkeys(passage.source for passage in found))
    return "\n\n".join(passage.text for passage in found), sources


async def _written(
    text: str, asked: str | None, request: SummariseRequest, llm: str, steps: Steps
) -> Summary:
    """Have an LLM write it; a long text in parts, whose summaries are summarised."""
    emit = steps.emit if request.stream else None
    count = request.sentences
    parts = parts_of(text)
    if len(parts) > 1:
        short = await asyncio.gather(
            *(steps.run(write_summary, part, count, asked, llm, None) for part in parts)
        )
        text = "\n\n".join(each.text for each in short)
    return await steps.run(write_summary, text, count, asked, llm, emit)


def _estimate(request: SummariseRequest) -> Estimate:
    size = len(request.text) if request.text is not None else PART_CHARS
    if request.llm != AUTO and not (request.llm and settings().llm.base_url):
        return Estimate(seconds=0.1 + size / 500_000)
    tokens = estimated_tokens(request.text or "") + TOKENS_PER_SENTENCE * request.sentences
    return Estimate(seconds=SECONDS_PER_PART * (1 + (size > PART_CHARS)), tokens=tokens)


def _tags(request: SummariseRequest) -> tuple[str, ...]:
    return (COLLECTION.format(collection=request.collection),) if request.collection else ()


PIPELINE: Final = Pipeline(
    operation="summarise",
    family="nlp",
    summary="Summarises a text, a document, or what a collection says to a question.",
    request=SummariseRequest,
    result=Summary,
    tier=Tier.HIGH,
    estimate=_estimate,
    realtime=_serve,
    caching=Caching(ttl_s=CACHED_S, tags=_tags, lasts=lambda summary: not summary.is_fallback),
)
