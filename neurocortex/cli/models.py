"""`neurocortex models`: what the Forge has, and which version serves."""

from typing import Annotated

import typer

from neurocortex.cli import model_feedback, model_list, model_rollouts
from neurocortex.cli.model_registry import Name, open_registry

app = typer.Typer(
    help="Train models, see their versions, choose which one serves.", no_args_is_help=True
)


@app.command()
def show(name: Name) -> None:
    """Show a model's versions, their scores and data."""
    registry = open_registry()
    for version in registry.versions(name):
        card = registry.card(version)
        aliases = f" ({', '.join(version.aliases)})" if version.aliases else ""
        typer.echo(
            f"version {version.number}{aliases}, {version.registered_at:%Y-%m-%d %H:%M} UTC\n"
            f"  {card.scores.metric} {card.scores.held_out:.4g} on rows it has not seen"
            f" (without any feature {card.scores.baseline:.4g})\n"
            f"  {card.spec.estimator}, learned from version {card.lineage.version} of"
            f" data.{card.lineage.table}, {card.lineage.rows} rows"
        )


@app.command()
def train(
    spec: Annotated[
        str, typer.Argument(metavar="SPEC", help="Name of a training spec, or its YAML file.")
    ],
    promote: Annotated[
        bool, typer.Option(help="Let it serve if it is better than what serves.")
    ] = True,
) -> None:
    """Train a model; it serves if it is better than before.

    Runs the deployment train-model.
    """
    from neurocortex.cli.console import Steps
    from neurocortex.cli.ingest import absolute
    from neurocortex.cli.runs import Runs
    from neurocortex.domain.deployments import TRAIN
    from neurocortex.embedded.running import find
    from neurocortex.forge.report import TrainReport
    from neurocortex.settings import load

    runs = Runs(find(load().settings), Steps())
    named = absolute(spec) if spec.endswith((".yaml", ".yml")) else spec
    report = runs.run(TRAIN, {"spec": named, "promote": promote}, TrainReport)
    version = f"version {report.version}" if report.version else "not registered"
    waits = "is better and waits to be deployed" if report.better else "does not serve"
    serves = "serves now" if report.promoted else waits
    typer.echo(f"{report.model}: {version}, {serves}: {report.reason}.")


@app.command()
def promote(
    name: Name,
    version: Annotated[int, typer.Argument(help="Its number.")],
) -> None:
    """Let a version serve, whatever its score.

    Also the way back to an older one.
    """
    registry = open_registry()
    promoted = registry.promote(registry.version(name, str(version)))
    typer.echo(f"{name}: version {promoted.number} serves now.")


app.command("list")(model_list.list_)
for command in (
    *(model_rollouts.deploy, model_rollouts.rollout, model_rollouts.end_rollout),
    *(model_feedback.collect, model_feedback.retrain, model_feedback.evaluate),
):
    app.command()(command)
