"""One request for predictions: the version that a rollout gives it, and a copy beside."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from prefect import task
from prefect.context import TaskRunContext

from neurocortex.domain.work import DEFAULT_TENANT
from neurocortex.errors import FeaturesError
from neurocortex.feedback.values import Prediction
from neurocortex.forge.predicting import Predicted
from neurocortex.forge.schema import Value
from neurocortex.forge.versions import CHAMPION
from neurocortex.requests.current import current
from neurocortex.requests.steps import Steps
from neurocortex.rollout.assignment import assign
from neurocortex.rollout.plan import Arm, Deployed, Rollout
from tasks.cache_locks import LOCKS
from tasks.caching import InCache, cached
from tasks.feedback_keeping import keep
from tasks.model_memory import memory
from tasks.models import predict_rows
from tasks.options import STEP
from tasks.rollout_standing import standing

PATIENCE_S: Final = 5.0
"""A new version that has not answered by then has failed: the stable one answers."""

logger = logging.getLogger(__name__)


@dataclass
class KeptAsDeployed(InCache):
    """Answers of a version, kept for as long as its deployment says: the input `cache_s`."""

    def compute_key(
        self,
        task_ctx: TaskRunContext,
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,
    ) -> str:
        """Return the address of the result, with the lifetime of this version's answers."""
        timed = replace(self, ttl_s=inputs["cache_s"])
        return InCache.compute_key(timed, task_ctx, inputs, flow_parameters, **kwargs)


OPTIONS: Final = cached(timedelta(0))
OPTIONS["cache_policy"] = KeptAsDeployed(
    isolation_level="SERIALIZABLE", lock_manager=LOCKS, ttl_s=0, tags=()
)


@task(**STEP, **OPTIONS, task_run_name="predict by {model}, kept {cache_s} s")
def predict_kept(
    rows: tuple[Mapping[str, Value], ...],
    forge: str,
    model: str,
    version: str,
    memory_bytes: int | None,
    at_once: int | None,
    cache_s: float,  # noqa: ARG001 - the policy reads it
) -> Predicted:
    """Return the predictions of one request; the answer is kept for `cache_s` seconds."""
    (found,) = predict_rows.fn([rows], forge, model, version, memory_bytes, at_once)
    return found


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for predictions."""

    rows: tuple[Mapping[str, Value], ...]
    forge: str
    model: str
    version: str
    """Its number, or an alias."""
    session: str | None = None
    """Its requests meet the same version while a rollout goes on."""


async def predicted(asked: Asked, steps: Steps) -> Predicted:
    """Return the predictions, by whom a rollout says while one goes on; keep them if asked to.

    Raises:
        ForgeError: there is no such version, it cannot be loaded, or does not take the rows.
    """
    request = current()
    number = request.id if request is not None else uuid4()
    tenant = request.tenant if request is not None else DEFAULT_TENANT
    rollout = await standing().of(asked.forge, asked.model)
    if rollout is not None and rollout.is_running and asked.version == CHAMPION:
        key = asked.session or str(number)
        found = await _rolled_out(asked, steps, rollout, tenant, key)
    else:
        found = await _answer(asked, steps, _deployed(rollout, asked))
    found = found.model_copy(update={"request_id": number})
    if memory.keeps_predictions(asked.forge, found.model, found.version):
        made = Prediction(
            id=number,
            tenant=tenant,
            forge=asked.forge,
            model=found.model,
            version=found.version,
            rows=asked.rows,
            answers=found.predictions,
            made_at=datetime.now(UTC),
        )
        keep(made)
    return found


async def _rolled_out(
    asked: Asked, steps: Steps, rollout: Rollout, tenant: str, key: str
) -> Predicted:
    """Answer by the version that this caller has; the copy follows when the answer is there."""
    mine = standing()
    if not mine.is_warm(rollout):
        return await _answer(asked, steps, rollout.stable)
    assignment = assign(rollout, tenant, key)
    found = await _by_arm(asked, steps, rollout, assignment.serves)
    if assignment.copied_to is not None:
        mine.copy(_copy(asked, steps, rollout, assignment.copied_to))
    return found


async def _by_arm(asked: Asked, steps: Steps, rollout: Rollout, arm: Arm) -> Predicted:
    """Answer by a version; a new one that fails costs nobody the answer."""
    mine = standing()
    try:
        async with asyncio.timeout(PATIENCE_S if arm is Arm.CANDIDATE else None):
            found = await _answer(asked, steps, rollout.arm(arm))
    except Exception as error:
        if arm is Arm.STABLE:
            if not isinstance(error, FeaturesError):  # which are no fault of the version
                mine.answered(rollout, arm, failed=True)
            raise
        logger.warning("Version %d failed: %s", rollout.candidate.version, error)
        found = await _answer(asked, steps, rollout.stable)
        mine.answered(rollout, arm, failed=True)
        return found
    mine.answered(rollout, arm, failed=False)
    return found


async def _copy(asked: Asked, steps: Steps, rollout: Rollout, arm: Arm) -> None:
    """Have a version compute what another one has answered."""
    failed = False
    try:
        async with asyncio.timeout(PATIENCE_S):
            await _answer(asked, steps, rollout.arm(arm))
    except Exception as error:  # noqa: BLE001 - it is counted, and nobody waits for it
        logger.info("A copy for version %d failed: %s", rollout.arm(arm).version, error)
        failed = True
    standing().answered(rollout, arm, failed=failed)


async def _answer(asked: Asked, steps: Steps, deployed: Deployed | None) -> Predicted:
    """Answer by a version, or by the one that was asked for where nothing is said about it."""
    if deployed is None:
        return await steps.batched(
            predict_rows, asked.rows, asked.forge, asked.model, asked.version
        )
    shared = (asked.forge, asked.model, str(deployed.version))
    limits = (deployed.memory_bytes, deployed.concurrency)
    if deployed.cache_s:
        return await steps.run(predict_kept, asked.rows, *shared, *limits, deployed.cache_s)
    return await steps.batched(predict_rows, asked.rows, *shared, *limits)


def _deployed(rollout: Rollout | None, asked: Asked) -> Deployed | None:
    """Return what the last rollout allows the version that is asked for; None: nothing is said."""
    if rollout is None:
        return None
    if asked.version == CHAMPION:
        serving = memory.known_champion(asked.forge, asked.model)
    else:
        serving = int(asked.version) if asked.version.isdecimal() else None
    return None if serving is None else rollout.deployed(serving)
