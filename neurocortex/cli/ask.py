"""`neurocortex ask`."""

from typing import Annotated, Literal

import typer


def ask(
    question: Annotated[str, typer.Argument(help="What you want to know, in plain words.")],
    collection: Annotated[str, typer.Option(help="Collection to search.")] = "documents",
    tier: Annotated[
        Literal["critical", "high"], typer.Option(help="How urgent it is: the pool it runs in.")
    ] = "high",
    rerank: Annotated[
        bool, typer.Option("--rerank", help="Have the LLM grade what was found, best first.")
    ] = False,
    rewordings: Annotated[
        int, typer.Option(min=0, max=5, help="Search for so many other wordings, too; by the LLM.")
    ] = 0,
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
    from neurocortex.domain.refinement import Refinement
    from neurocortex.embedded.running import find
    from neurocortex.settings import load

    settings = load().settings
    asked = validate_question(question, settings.answers.max_question_chars)
    runs = Runs(find(settings), Steps())
    parameters: dict[str, object] = {"question": asked, "collection": collection}
    if rerank or rewordings:
        refinement = Refinement(rerank=rerank, rewordings=rewordings)
        parameters["refine"] = refinement.model_dump(mode="json")
    show_answer(runs.run(answer(Tier(tier)), parameters, Answer))
