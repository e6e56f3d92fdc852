"""What the routes call, as one value; `opening.py` makes it."""

import asyncio
from dataclasses import dataclass

from neurocortex.batches.intake import Batches
from neurocortex.experiments.taking import Taking
from neurocortex.feedback.giving import Giving
from neurocortex.gateway.bodies import Bodies
from neurocortex.gateway.callers import Callers
from neurocortex.gateway.figures import Figures
from neurocortex.gateway.intake import Intake
from neurocortex.gateway.metrics import Metrics
from neurocortex.gateway.planning import Planner
from neurocortex.gateway.readiness import Readiness
from neurocortex.gateway.realtime import RealTime
from neurocortex.gateway.refusing import Refusals
from neurocortex.gateway.tiers import Tiers
from neurocortex.gateway.tracked import Tracked
from neurocortex.gateway.views import Views
from neurocortex.requests.registry import Registry
from neurocortex.settings import Settings
from neurocortex.stream.stream import EventStream
from neurocortex.tracking.tracker import Tracker


@dataclass(frozen=True, slots=True)
class Services:
    """All that a gateway process stands on, open."""

    settings: Settings
    registry: Registry
    bodies: Bodies
    callers: Callers
    planner: Planner
    intake: Intake
    realtime: RealTime
    tracked: Tracked
    tracker: Tracker
    batches: Batches
    feedback: Giving
    trials: Taking
    stream: EventStream
    tiers: Tiers
    figures: Figures
    readiness: Readiness
    metrics: Metrics
    refusals: Refusals
    views: Views
    stopping: asyncio.Event
    """Set when the process is told to stop: what would go on for ever ends."""
