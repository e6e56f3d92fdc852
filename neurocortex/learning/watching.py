"""The learned model as a gateway has it: read now and then, and left alone when it is too old."""

import asyncio
import logging
import time
from importlib.metadata import version
from typing import Any, Final

from neurocortex.errors import StreamUnavailableError
from neurocortex.learning.expecting import Expect, expecting, nothing_expected
from neurocortex.learning.model import RouterModel
from neurocortex.learning.store import LearningStore
from neurocortex.requests.pipeline import Pipeline
from neurocortex.requests.request import Request
from neurocortex.routing.route import Expectation
from neurocortex.settings import RoutingSettings

DAY_S: Final = 86_400.0

RELEASE: Final = version("neurocortex")

_log = logging.getLogger(__name__)


class LearnedRouting:
    """What finished runs say about a request, as far as anything learned serves."""

    def __init__(self, store: LearningStore, settings: RoutingSettings) -> None:
        """Say nothing until a model was read."""
        self._store = store
        self._settings = settings
        self._expect: Expect = nothing_expected

    def __call__(
        self, pipeline: Pipeline[Any, Any], request: Request, size: int
    ) -> Expectation | None:
        """Return what is expected of a request; None: its pipeline's own estimate counts."""
        return self._expect(pipeline, request, size)

    async def run(self) -> None:
        """Read the model again and again; while Redis is away the one before goes on."""
        while self._settings.learned:
            await self.read()
            await asyncio.sleep(self._settings.refresh_s)
        await asyncio.Event().wait()

    async def read(self) -> None:
        """Read the model once."""
        try:
            found = await self._store.model()
        except StreamUnavailableError as error:
            _log.debug("The learned model is not read anew for now: %s", error)
            return
        self._expect = expecting(found) if found and self._is_current(found) else nothing_expected

    def _is_current(self, model: RouterModel) -> bool:
        age_s = time.time() - model.learned_at.timestamp()
        return model.release == RELEASE and age_s <= self._settings.stale_days * DAY_S
