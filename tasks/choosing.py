"""Choosing an LLM provider, and telling the selector what came of it."""

import asyncio
import time
from dataclasses import replace
from types import TracebackType
from typing import Final, Self
from uuid import UUID, uuid4

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.context import FlowRunContext

import blocks
from blocks import listing, saved
from neurocortex.domain.choices import AUTO, Choice
from neurocortex.domain.deployments import Tier
from neurocortex.domain.usage import Usage
from neurocortex.errors import ExtractionError, ProviderError, ProviderMissingError
from neurocortex.requests.current import current
from neurocortex.requests.steps import Steps
from neurocortex.selection.receipt import Call, Receipt
from neurocortex.selection.selector import opened
from neurocortex.selection.values import Asked, Candidate, Outcome
from neurocortex.settings import settings
from neurocortex.spending import meter as meters
from tasks.options import STEP
from tasks.tenant import tenant_of_run

NOBODY: Final = ""
"""No provider is asked: what a request says that wants none."""

NEARLY: Final = 0.9
"""Of the time there was: a call that is cancelled then was too slow, else somebody ended it."""


def candidates() -> list[Candidate]:
    """Return the saved LLM Provider blocks; a block named `auto` could not be asked for."""
    names = listing.names_of(blocks.LLMProvider, settings().selection.providers_s)
    found = {name: saved.find(blocks.LLMProvider, name) for name in names if name != AUTO}
    return [_candidate(name, block) for name, block in found.items() if block is not None]


def _candidate(name: str, block: blocks.LLMProvider) -> Candidate:
    endpoints = block.connect().endpoints
    regions = {each.region for each in endpoints}
    return Candidate(
        provider=name,
        # The dearest, as any of them may be asked: a limit of cost is not broken.
        prompt_price=max(each.prompt_price for each in endpoints),
        completion_price=max(each.completion_price for each in endpoints),
        regions=frozenset(filter(None, regions)) if None not in regions else frozenset(),
    )


@task(**STEP, task_run_name="choose a provider for {asked.operation}", cache_policy=NO_CACHE)
def choose_provider(asked: Asked) -> Receipt | None:
    """Return which LLM provider serves best now, and why; None: there is none at all.

    Tier and deadline are those of the request that is served.

    Raises:
        NoProviderFitsError: the constraints leave none of those there are.
        SpecFileError: the policy's file is wrong.
    """
    found = candidates()
    if not found:
        return None
    return asyncio.run(_chosen(found, asked))


async def _chosen(found: list[Candidate], asked: Asked) -> Receipt:
    serving = current()
    if serving is None:
        id_, tenant, tier, left_s = _run_id(), tenant_of_run(), _tier_of_run(), None
    else:
        id_, tenant, tier = serving.id, serving.tenant, serving.tier
        left_s = None if serving.deadline is None else serving.deadline - time.time()
    async with opened(settings()) as selector:
        full = replace(asked, tier=tier, left_s=left_s)
        return await selector.choose(found, full, id_=id_, tenant=tenant)


class Trial:
    """The work with one provider, in `async with`. Where it was chosen, its end teaches the
    selector. `tasks.asking` goes from one to the next."""

    def __init__(self, provider: str, receipt: Receipt | None = None) -> None:
        """Work with a provider; without a receipt nobody chose it, and nothing is learned."""
        self.provider: Final = provider
        """Its name; empty: none is to be asked."""
        self._receipt = receipt

    @property
    def choice(self) -> Choice | None:
        """What who asked is told; None: the request named the provider."""
        return self._receipt.choice if self._receipt else None

    @property
    def has_others(self) -> bool:
        """Whether the selector knows another provider that may be asked where this one fails."""
        return self._receipt is not None and self._receipt.has_others

    async def __aenter__(self) -> Self:
        """Begin: what the meter of this context counts from now on is of this provider."""
        self._meter = meters.current()
        self._before = self._meter.spent if self._meter else Usage()
        self._began, self._room_s = time.monotonic(), _room_s()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Tell how it ended."""
        if self._receipt is not None:
            await self._settle(self._receipt, error)

    async def _settle(self, receipt: Receipt, error: BaseException | None) -> None:
        seconds = time.monotonic() - self._began
        spent = self._meter.spent if self._meter else Usage()
        calls = spent.calls - self._before.calls
        prompt = spent.prompt_tokens - self._before.prompt_tokens
        answer = spent.completion_tokens - self._before.completion_tokens
        cost = max(0.0, spent.cost - self._before.cost)
        succeeded = went_well(error, calls, seconds, self._room_s)
        outcome = None if succeeded is None else Outcome(succeeded, seconds, answer)
        call = Call(succeeded=succeeded, seconds=seconds, tokens=prompt + answer, cost=cost)
        async with opened(settings()) as selector:
            await selector.settle(receipt, outcome, call)


def went_well(
    error: BaseException | None, calls: int, seconds: float, room_s: float
) -> bool | None:
    """Tell how the work with a provider went; None: that says nothing of the provider.

    Args:
        error: what ended it, if anything did.
        calls: of an LLM, as far as they were charged.
        seconds: it took.
        room_s: seconds there were until the deadline, or the end of the lane's time.
    """
    if error is None:
        return True if calls else None  # the answer was kept from before
    if isinstance(error, asyncio.CancelledError):
        return False if seconds >= NEARLY * room_s else None
    if isinstance(error, ProviderError | ExtractionError | TimeoutError):
        return False
    return None


async def trial_of(provider: str, asked: Asked, steps: Steps, *, is_needed: bool = False) -> Trial:
    """Return the work with the provider that a request names, or leaves open.

    Raises:
        NoProviderFitsError: it is left open, and the constraints leave none.
        ProviderMissingError: it is left open, `is_needed`, and there is no provider at all.
    """
    if provider != AUTO:
        return Trial(provider)
    receipt = await steps.run(choose_provider, asked)
    if receipt is None and is_needed:
        raise ProviderMissingError(AUTO)
    return Trial(receipt.provider if receipt else NOBODY, receipt)


def _room_s() -> float:
    """Return the seconds that are left to whoever is served."""
    serving = current()
    if serving is None:
        return float("inf")
    lane_s = settings().realtime.timeout_s
    return lane_s if serving.deadline is None else min(lane_s, serving.deadline - time.time())


def _run_id() -> UUID:
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    return run.id if run else uuid4()


def _tier_of_run() -> Tier:
    """Return the tier of the flow run: its pool's name. A run without one is as the operations."""
    context = FlowRunContext.get()
    pool = context.flow_run.work_pool_name if context and context.flow_run else None
    return Tier(pool) if pool in set(Tier) else Tier.HIGH
