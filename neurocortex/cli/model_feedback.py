"""`neurocortex models collect`, `retrain`, `evaluate`: what people said about predictions."""

from typing import Annotated

import typer

from neurocortex.cli.model_registry import Name
from neurocortex.rollout.plan import Strategy


def collect(name: Name) -> None:
    """Bring labelled predictions into the Lake.

    Runs the deployment collect-feedback.
    """
    from neurocortex.cli.console import Steps
    from neurocortex.cli.runs import Runs
    from neurocortex.domain.deployments import COLLECT
    from neurocortex.embedded.running import find
    from neurocortex.feedback.collecting import CollectReport
    from neurocortex.settings import load

    runs = Runs(find(load().settings), Steps())
    done = runs.run(COLLECT, {"model": name}, CollectReport)
    typer.echo(
        f"{done.labelled} rows were labelled: {done.loaded} are in {done.table},"
        f" {done.refused} in quarantine."
    )


def retrain(
    spec: Annotated[
        str | None, typer.Argument(metavar="SPEC", help="Name of a training spec. Unset: all.")
    ] = None,
    at_least: Annotated[int, typer.Option(help="New labelled rows it needs.")] = 20,
    rollout: Annotated[
        Strategy | None,
        typer.Option(help="How a better version meets traffic. Unset: it serves at once."),
    ] = None,
) -> None:
    """Train models anew with what people said.

    Runs the deployment retrain-on-feedback.
    """
    from neurocortex.cli.console import Steps
    from neurocortex.cli.runs import Runs
    from neurocortex.domain.deployments import RETRAIN
    from neurocortex.embedded.running import find
    from neurocortex.feedback.retraining import Retraining
    from neurocortex.settings import load

    runs = Runs(find(load().settings), Steps())
    parameters = {"spec": spec, "at_least": at_least, "rollout": rollout}
    done = runs.run(RETRAIN, parameters, Retraining)
    for each in done.models:
        typer.echo(f"{each.model}: {'trained' if each.report else 'not trained'}: {each.reason}.")
    if not done.models:
        typer.echo("No model with a champion has keep_predictions: true in its training spec.")


def evaluate(name: Name) -> None:
    """Score a model's versions on fresh labelled rows.

    Runs the deployment evaluate-models. Nothing is changed by it.
    """
    from neurocortex.cli.console import Steps
    from neurocortex.cli.runs import Runs
    from neurocortex.domain.deployments import EVALUATE
    from neurocortex.embedded.running import find
    from neurocortex.feedback.evaluation import Evaluation
    from neurocortex.settings import load

    runs = Runs(find(load().settings), Steps())
    done = runs.run(EVALUATE, {"model": name}, Evaluation)
    for each in done.scores:
        typer.echo(
            f"version {each.version}: {done.metric} {each.score:.4g}"
            f" ({each.low:.4g} to {each.high:.4g})"
        )
    typer.echo(f"{name}: {done.reason}.")
