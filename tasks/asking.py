"""The LLM providers of one request: one is asked, and the next where it fails.

Which one comes next: with `auto` the selector says, within the deadline and by the constraints of
the request, else `fallbacks` do, in their order. Who has failed a request is not asked by it again.
Nobody is asked after a stream broke off: its first half cannot be taken back.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Final, Self, TypeVar

from neurocortex.domain.choices import AUTO, Choice
from neurocortex.errors import (
    ExtractionError,
    NoProviderFitsError,
    ProviderBrokeOffError,
    ProviderError,
    ProviderMissingError,
)
from neurocortex.requests.choosing import ChoosingRequest
from neurocortex.requests.steps import Steps
from neurocortex.selection.values import Asked
from neurocortex.spending import meter as meters
from tasks.choosing import Trial, trial_of
from tasks.llm import meter_of_run
from tasks.options import another_provider

T = TypeVar("T")

Work = Callable[[str], Awaitable[T]]
"""What is done with a provider, by its name; empty: there is none to be asked. None comes of it
where there is no block of that name."""

Failure = ProviderError | ProviderMissingError | ExtractionError

FAILURES: Final = (ProviderError, ProviderMissingError, ExtractionError)
"""What another provider may do better. Each of a provider's endpoints failed already, or its model
was asked again and did not keep to the schema."""

REASON_CHARS: Final = 200
"""Of a failure, in a receipt."""

logger = logging.getLogger(__name__)


class Providers:
    """Those of one request: `async with` it, and the end of the last one's work is learned from."""

    def __init__(
        self,
        named: str,
        asked: Asked,
        steps: Steps,
        *,
        fallbacks: Sequence[str] = (),
        is_needed: bool = False,
    ) -> None:
        """Take what the request names.

        Args:
            named: a provider block, or `auto`; empty: none is asked.
            asked: what the choice depends on.
            steps: runs the choice.
            fallbacks: asked when it fails, in order.
            is_needed: `auto` may not come to nothing.
        """
        self._asked = asked
        self._steps = steps
        self._is_needed = is_needed
        self._left = [named, *fallbacks]
        self._trial: Trial | None = None
        self._failure: Exception | None = None
        self._turn = asyncio.Lock()
        self._stack = ExitStack()

    @property
    def choice(self) -> Choice | None:
        """What who asked is told; None: the request named the provider, or nobody was asked."""
        return self._trial.choice if self._trial else None

    async def ask(self, work: Work[T]) -> T:
        """Return what comes of the work with the provider that serves, or with the next.

        May be called again: it goes on with the provider that did not fail.

        Raises:
            NoProviderFitsError: it is left open, and the constraints leave none.
            ProviderMissingError: there is no such block, or, where one is needed, none at all.
            ProviderError, ExtractionError: the last one's, where each failed.
            Exception: what the work raised.
        """
        async with self._turn:
            trial = self._trial or await self._begun()
        while True:
            try:
                with another_provider(is_there=self._has_others(trial)):
                    done = await work(trial.provider)
                if done is None and self._has_others(trial):
                    raise ProviderMissingError(trial.provider)
                self._failure = None
                return done
            except ProviderBrokeOffError:
                raise
            except FAILURES as error:
                self._failure = error
                async with self._turn:
                    # Another piece of work may have met the same failure, and gone on already.
                    if self._trial is trial and not await self._next(trial, error):
                        raise
                    trial = self._trial or trial

    async def _next(self, trial: Trial, error: Failure) -> bool:
        """Go on to the next provider; False: there is none."""
        failed = {**self._asked.failed, trial.provider: str(error)[:REASON_CHARS]}
        asked = replace(self._asked, failed=failed)
        if not self._has_others(trial):
            return False
        # Its end is told before the next begins: both are of one receipt.
        await trial.__aexit__(type(error), error, error.__traceback__)
        try:
            self._asked = asked
            await self._begun()
        except (NoProviderFitsError, ProviderMissingError):
            return False  # the one that failed stays: its end is told already
        logger.warning("%s failed, and another provider is asked: %s", trial.provider, error)
        return True

    async def _begun(self) -> Trial:
        name = self._left[0] if self._left[0] == AUTO else self._left.pop(0)
        trial = await trial_of(name, self._asked, self._steps, is_needed=self._is_needed)
        self._trial = await trial.__aenter__()
        return self._trial

    def _has_others(self, trial: Trial) -> bool:
        return trial.has_others or bool(self._left and self._left[0] != AUTO)

    async def __aenter__(self) -> Self:
        """Ask nobody yet. What is asked in this context is counted by one meter."""
        if meters.current() is None:
            self._stack.enter_context(meters.metered(meter_of_run()))
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Tell how the work with the last provider ended, also a failure that was made do with."""
        self._stack.close()
        if self._trial is not None:
            ended = error or self._failure
            await self._trial.__aexit__(type(ended) if ended else None, ended, traceback)


def providers_of(
    request: ChoosingRequest, asked: Asked, steps: Steps, *, is_needed: bool = False
) -> Providers:
    """Return those that a request of the real-time lane may ask; see `Providers`."""
    named, fallbacks = request.named_provider, request.fallbacks
    return Providers(named, asked, steps, fallbacks=fallbacks, is_needed=is_needed)
