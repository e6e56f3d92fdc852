"""deploy-model: give a new version of a model traffic, and see whether it is worse."""

from typing import Annotated

from prefect import flow
from pydantic import Field

from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.rollout.plan import DEFAULT_PERCENT, Deployed, Guard, Rollout, Strategy
from tasks.publish_failure import failure_shown
from tasks.publish_rollout import publish_beginning
from tasks.rollouts import begin_rollout

MEGABYTE = 2**20


@flow(
    name="deploy-model",
    flow_run_name="deploy {model} {version}, {rollout}",
    description="Gives a new version of a model traffic; it is promoted, or returned if worse.",
    persist_result=True,
)
def deploy_model(
    model: Annotated[str, Field(min_length=1, examples=["wine_cultivar"])],
    version: Annotated[int, Field(ge=1)],
    rollout: Strategy = Strategy.CANARY,
    percent: Annotated[float | None, Field(gt=0, le=100)] = None,
    memory_mb: Annotated[float | None, Field(gt=0)] = None,
    concurrency: Annotated[int | None, Field(ge=1)] = None,
    cache_s: Annotated[float, Field(ge=0)] = 0.0,
    promote: bool = True,
    only_better: bool = False,
    enough: Annotated[int, Field(ge=20)] = 1000,
    error: Annotated[float, Field(gt=0, lt=0.5)] = 0.05,
    slower: Annotated[float, Field(ge=1, le=16)] = 1.25,
    margin: Annotated[float, Field(gt=0, lt=1)] = 0.02,
    margin_wrong: Annotated[float, Field(gt=0, lt=1)] = 0.05,
    forge: Annotated[str, Field(min_length=1)] = DEFAULT_BLOCK,
) -> Rollout:
    """Give a new version of a model traffic; the real-time lane judges it from then on.

    Args:
        model: Name of the model.
        version: Number of the new version; `neurocortex models show MODEL` lists them.
        rollout: canary: it answers a share of the requests. shadow: it computes copies, nobody gets
            its answers. blue-green: it answers all at once, the old version stays warm.
        percent: Share of the requests that a canary answers, or that are copied. Unset: 10, for
            shadow 100.
        memory_mb: Megabytes the unpacked model may have. Unset: any size.
        concurrency: Computations that one lane process has it do at once. Unset: the setting's.
        cache_s: Seconds its answers are kept. 0: not at all.
        promote: Promote it after enough requests once it is shown to be no worse than the margins
            allow. Off: it goes on until it is worse or somebody ends it.
        only_better: Promote it only if it is shown to be better in something as well: it fails less
            often, is faster, or its answers are judged better.
        enough: Requests it must have had to be promoted.
        error: Chance that a version which is no worse is returned, and that one which is worse than
            the margins allow is promoted, at most.
        slower: Its computing time may be longer by this factor.
        margin: The share of requests that it cannot answer may be higher by so much: 0.02 is 2 of
            100.
        margin_wrong: The share of its answers that are judged wrong may be higher by so much.
        forge: Name of the Forge block.

    Raises:
        ModelNotFoundError: there is no such version.
        ModelCorruptError, ModelMemoryError: it cannot be loaded.
        RolloutError: no version serves, this one does already, or another rollout runs.
        ConnectorError: the Forge, PostgreSQL or Redis does not answer.
    """
    with failure_shown("rollout-report", f"Version {version} of {model} was not deployed"):
        guard = Guard(
            error=error,
            enough=enough,
            slower=slower,
            margin=margin,
            margin_wrong=margin_wrong,
            promote=promote,
            only_better=only_better,
        )
        candidate = _limited(version, memory_mb, concurrency, cache_s)
        share = DEFAULT_PERCENT[rollout] if percent is None else percent
        begun = begin_rollout(forge, model, candidate, rollout, share, guard)
        publish_beginning(begun)
        return begun


def _limited(
    version: int, memory_mb: float | None, concurrency: int | None, cache_s: float
) -> Deployed:
    """Return a version with what it may use up."""
    memory = None if memory_mb is None else round(memory_mb * MEGABYTE)
    return Deployed(version=version, memory_bytes=memory, concurrency=concurrency, cache_s=cache_s)
