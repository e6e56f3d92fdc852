"""An answer as a person reads it in the Prefect UI."""

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from neurocortex.domain.answers import Answer, AnswerKind, Citation
from tasks.markdown import link, plain
from tasks.options import STEP

MADE: dict[AnswerKind, str] = {
    AnswerKind.EXTRACTIVE: "Quoted word for word from source [1]; no model wrote it.",
    AnswerKind.GENERATED: "Written by {model} from the numbered sources.",
    AnswerKind.NONE: "Nothing in the collection answers this.",
}
QUOTE_CHARS = 600
"""Longest passage shown below a source."""


@task(**STEP, task_run_name="publish the answer", cache_policy=NO_CACHE)
def publish_answer(answer: Answer) -> None:
    """Leave the answer with its sources as a Markdown artifact `answer`."""
    create_markdown_artifact(render(answer), key="answer", description=plain(answer.question))


def render(answer: Answer) -> str:
    """Return the answer as Markdown: question, answer, how it was made, the sources."""
    parts = [
        f"## {plain(answer.question)}",
        plain(answer.text),
        f"*{MADE[answer.kind].format(model=plain(answer.model))}*",
    ]
    if answer.note:
        parts.append(f"> {plain(answer.note)}")
    if answer.citations:
        parts.append("### Sources")
        parts.extend(_source(citation) for citation in answer.citations)
    return "\n\n".join(parts)


def _source(citation: Citation) -> str:
    passage = citation.passage
    place = [plain(passage.heading)] if passage.heading else []
    if passage.page:
        place.append(f"page {passage.page}")
    where = f" ({', '.join(place)})" if place else ""
    text = passage.text if len(passage.text) <= QUOTE_CHARS else passage.text[:QUOTE_CHARS] + " …"
    return (
        f"**[{citation.number}]** {link(passage.title, passage.source)}{where}\n\n> {plain(text)}"
    )
