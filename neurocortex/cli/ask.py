"""`neurocortex ask`."""

from typing import Annotated, Literal

import typer


def ask(
    question: Annotated[str, typer.Argument(help="What you want to know, in plain words.")],
    collection: Annotated[str, typer.Option(help="Collection to search.")] = "documents",
    tier: Annotated[
        Literal["critical", "high"], typer.Option(help="How urgent it is: the pool it runs in.")
    ] = "high",
) -> None:
    """Ask a question of your documents.

    Runs the deployment answer-question. The answer comes with its numbered sources. Without an
    LLM it is quoted from the best source; set NEUROCORTEX_LLM__BASE_URL and
    NEUROCORTEX_LLM__MODEL to have it written by one.
    """
    from neurocortex.answering.question import validate_question
    from neurocortex.cli.console import Steps
    from neurocortex.cli.results import show_answer
    from neurocortex.cli.runs import Runs
    from neurocortex.domain.answers import Answer
    from neurocortex.domain.deployments import Tier, answer
    from neurocortex.embedded.running import find
    from neurocortex.settings import load

    settings = load().settings
    asked = validate_question(question, settings.answers.max_question_chars)
    runs = Runs(find(settings), Steps())
    parameters = {"question": asked, "collection": collection}
    show_answer(runs.run(answer(Tier(tier)), parameters, Answer))
