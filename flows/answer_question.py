"""answer-question: find the passages, answer from them, show the sources."""

import asyncio
from typing import Annotated, NamedTuple

from prefect import flow
from pydantic import Field

from neurocortex.answering.question import validate_question
from neurocortex.domain.answers import Answer, Passage
from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.domain.filter_syntax import WrittenFilter
from neurocortex.domain.refinement import Refinement
from neurocortex.domain.usage import estimated_tokens
from neurocortex.errors import NoProviderFitsError, ProviderError
from neurocortex.selection.limits import Fallbacks, Limits
from neurocortex.selection.values import Asked
from neurocortex.settings import settings
from tasks.asking import Providers
from tasks.publish_answer import publish_answer
from tasks.publish_failure import failure_shown
from tasks.questions import (
    extract_answer,
    find_provider,
    generate_answer,
    read_collection_version,
)
from tasks.refining import Sought, find_passages
from tasks.tracked_steps import TrackedSteps

PASSAGES = settings().answers.passages
USUAL_ANSWER = 200
"""Tokens."""
MAX_QUESTION_CHARS = settings().answers.max_question_chars


class Llms(NamedTuple):
    """Who may write the answer, and what for."""

    named: str
    fallbacks: Fallbacks
    wanted: Asked


@flow(
    name="answer-question",
    flow_run_name="answer from {collection}",
    description="Answers a question from the documents of a collection, with numbered sources.",
    persist_result=True,
)
def answer_question(
    question: Annotated[str, Field(min_length=1, examples=["What are the four priority tiers?"])],
    collection: Annotated[str, Field(min_length=1)] = "documents",
    passages: Annotated[int, Field(ge=1, le=50)] = PASSAGES,
    llm: str = DEFAULT_BLOCK,
    lake: Annotated[str, Field(min_length=1)] = DEFAULT_BLOCK,
    filters: WrittenFilter | None = None,
    choose: Limits | None = None,
    fallbacks: Fallbacks = (),
    refine: Refinement | None = None,
) -> Answer:
    """Answer a question from the documents of a collection, with numbered sources.

    Args:
        question: What you want to know, in plain words.
        collection: Collection of the Lake to search.
        passages: How many passages to draw the answer from, 1 to 50.
        llm: Name of the LLM Provider block that writes the answer, or `auto` for the one that
            serves best now. Leave it empty to have the best source quoted; that is also done where
            there is no block `default`, or when the LLM fails.
        lake: Name of the Lake block to read from.
        filters: What the metadata of the documents must be like, in MongoDB's syntax, such as
            {"author": "Mendel", "year": {"$gte": 1860}}. Leave it empty to search all.
        choose: With `auto` for the LLM, which providers may be chosen. Leave it empty to allow all.
        fallbacks: LLM Provider blocks that are asked when the named one fails, in order. With
            `auto` leave it empty: there the next best is asked.
        refine: Has an LLM word the question anew, or grade what was found. Leave it empty to answer
            from what the search ranks first.

    Raises:
        QuestionError: the question is empty or too long.
        CollectionNotFoundError: there is no such collection.
        ConnectorError: the Lake does not answer.
    """
    with failure_shown("answer", "The question was not answered"):
        asked = validate_question(question, MAX_QUESTION_CHARS)
        version = read_collection_version(lake, collection)
        sought = Sought(lake, collection, version, asked, passages, filters)
        found, failure = asyncio.run(find_passages(sought, refine, TrackedSteps()))
        wanted = Asked("answer", _sent(asked, found), USUAL_ANSWER, limits=choose or Limits())
        answer = _answer(asked, collection, found, Llms(llm, fallbacks, wanted)).because(failure)
        publish_answer(answer)
        return answer


def _answer(question: str, collection: str, found: list[Passage], llms: Llms) -> Answer:
    """Have an LLM write the answer where there is one, else quote the best source."""
    note = None
    try:
        is_asked = bool(found and llms.named)
        written = asyncio.run(_written(question, collection, found, llms)) if is_asked else None
    except NoProviderFitsError as error:
        written, note = None, f"This answer is quoted from a source. {error}"
    except ProviderError:
        written = None
        note = f"The LLM provider {llms.named!r} failed, so this answer is quoted from a source."
    if written is not None:
        return written
    quoted = extract_answer(question, collection, found)
    return quoted.because(note)


async def _written(
    question: str, collection: str, found: list[Passage], llms: Llms
) -> Answer | None:
    steps = TrackedSteps()

    async def written(provider: str) -> Answer | None:
        model = await steps.run(find_provider, provider) if provider else None
        if model is None:
            return None
        done: Answer = await steps.run(
            generate_answer, question, collection, found, provider, model
        )
        return done

    async with Providers(llms.named, llms.wanted, steps, fallbacks=llms.fallbacks) as providers:
        answer = await providers.ask(written)
    return answer.model_copy(update={"choice": providers.choice}) if answer else None


def _sent(question: str, found: list[Passage]) -> int:
    return estimated_tokens(question, *(passage.text for passage in found))
