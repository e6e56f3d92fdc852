"""Opening everything that the gateway stands on."""

import asyncio
import logging
import signal
from collections.abc import AsyncGenerator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

import httpx
from prefect.client.orchestration import get_client
from redis import Redis as BlockingRedis
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from neurocortex.admission.admission import Admission
from neurocortex.admission.limits import Limits
from neurocortex.admission.watch import LoadWatch
from neurocortex.balancing.metrics import EndpointCollector
from neurocortex.batches.intake import Batches
from neurocortex.batches.store import BatchTable
from neurocortex.cache import protection
from neurocortex.cache.cache import opened as opened_cache
from neurocortex.cache.metrics import CacheCollector
from neurocortex.cache.process import DISK
from neurocortex.dead_letters.store import DeadLetters
from neurocortex.errors import LaneUnavailableError
from neurocortex.experiments.experiments import Experiments
from neurocortex.experiments.store import ExperimentTable
from neurocortex.experiments.taking import Taking
from neurocortex.feedback.giving import Giving
from neurocortex.feedback.store import FeedbackTable
from neurocortex.gateway.answers import Answers
from neurocortex.gateway.batch_views import location_of
from neurocortex.gateway.bodies import Bodies
from neurocortex.gateway.callers import Callers
from neurocortex.gateway.event_handling import dispatcher
from neurocortex.gateway.event_requests import EventRequests
from neurocortex.gateway.figures import Figures
from neurocortex.gateway.intake import Intake
from neurocortex.gateway.metrics import Metrics
from neurocortex.gateway.planning import Planner
from neurocortex.gateway.readiness import Readiness
from neurocortex.gateway.realtime import RealTime
from neurocortex.gateway.refusing import Refusals
from neurocortex.gateway.services import Services
from neurocortex.gateway.tiers import Tiers
from neurocortex.gateway.tracked import Tracked
from neurocortex.gateway.views import Views
from neurocortex.learning.store import LearningStore
from neurocortex.learning.watching import LearnedRouting
from neurocortex.ledger.allocations import Allocations
from neurocortex.ledger.ledger import Ledger
from neurocortex.ledger.wakes import Wakes
from neurocortex.realtime.client import LaneClient
from neurocortex.requests.registry import Registry
from neurocortex.routing.route import Load
from neurocortex.security.stack import Security, ceilings_of, security
from neurocortex.settings import Settings
from neurocortex.spending.runs import RunSpending
from neurocortex.standard.lane import StandardLane
from neurocortex.stream.stream import EventStream
from neurocortex.tracking.leadership import Leadership
from neurocortex.tracking.table import RequestTable
from neurocortex.tracking.tracker import Tracker
from neurocortex.tracking.upkeep import Upkeep
from neurocortex.webhooks.store import WebhookTable
from neurocortex.webhooks.webhooks import Webhooks

SOCKET_TIMEOUT_S: Final = 5.0
"""Of calls to Redis: the lane's reader waits a second for answers."""

MEGABYTE: Final = 2**20

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the platform is."""

    database_url: str
    redis_url: str
    api_url: str
    """Prefect's, up to and with `/api`."""


@dataclass(frozen=True, slots=True)
class _Stores:
    """Connections, each of which many parts use."""

    redis: Redis
    text_redis: Redis
    """The same Redis, whose answers are text: the ledger's."""
    table: RequestTable
    batches: BatchTable
    feedback: FeedbackTable
    experiments: ExperimentTable
    webhooks: WebhookTable
    letters: DeadLetters
    security: Security


@asynccontextmanager
async def opened(settings: Settings, addresses: Addresses) -> AsyncGenerator[Services]:
    """Open all for one event loop.

    Raises:
        PipelineError: a module that the settings name has no pipeline.
        EventHandlerError: one has no handlers of events.
        SettingsError: the issuers' file or the cache's protection cannot be had.
        LaneUnavailableError: Redis does not answer.
    """
    registry, metrics = Registry.load(settings.gateway.pipelines), Metrics()
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        stores = await _stores(stack, settings, addresses)
        answers = await _answers(stack, settings, stores, addresses, metrics)
        admission = Admission(stores.redis, Limits.of(settings.admission))
        watch = LoadWatch(admission)
        tracker = await enter(Tracker(stores.redis, stores.table, settings.tracking))
        leadership = Leadership(stores.redis)
        standard = StandardLane(
            tracker,
            stores.table,
            admission,
            await enter(get_client()),
            Wakes(stores.text_redis),
            leadership,
            RunSpending(stores.redis),
        )
        upkeep = Upkeep(tracker, stores.table, leadership, settings.tracking)
        webhooks = Webhooks(stores.webhooks, settings.webhooks)
        learned = LearnedRouting(LearningStore(stores.redis), settings.routing)
        for work in (
            watch.run(),
            learned.run(),
            upkeep.run(),
            standard.run(),
            webhooks.run(location_of, stores.letters),
        ):
            await enter(_running(work))
        lane = await enter(LaneClient(stores.redis, admission, settings.realtime.timeout_s))
        realtime = RealTime(lane, answers, metrics)
        tracked = await enter(Tracked(realtime, tracker).draining())
        trials = Taking(Experiments(stores.redis, stores.experiments))
        await enter(_running(trials.run()))
        planner = Planner(registry, lambda: _load(watch), learned, trials.vary)
        intake = Intake(realtime, tracked, standard, tracker, answers, metrics, webhooks)
        stream = EventStream(stores.redis, settings.stream)
        requests = EventRequests(planner, intake, ceilings_of(settings.security))
        await enter(_running(dispatcher(settings, stream, requests).run()))
        tiers = Tiers(watch, Ledger(stores.text_redis), Allocations(stores.text_redis))
        readiness = await _readiness(stack, stores, addresses, lane)
        gateway = settings.gateway
        yield Services(
            settings=settings,
            registry=registry,
            bodies=Bodies(round(gateway.max_body_mb * MEGABYTE), gateway.receive_timeout_s),
            callers=Callers(stores.security),
            planner=planner,
            intake=intake,
            realtime=realtime,
            tracked=tracked,
            tracker=tracker,
            batches=Batches(
                stores.batches, registry, standard, tracker, webhooks, settings.batches
            ),
            feedback=Giving(stores.feedback),
            trials=trials,
            stream=stream,
            tiers=tiers,
            figures=Figures(
                metrics, readiness, tiers, lambda: asyncio.to_thread(stores.letters.count)
            ),
            readiness=readiness,
            metrics=metrics,
            refusals=Refusals(metrics),
            views=Views(addresses.api_url.removesuffix("/api")),
            stopping=asyncio.Event(),
        )


async def _stores(stack: AsyncExitStack, settings: Settings, addresses: Addresses) -> _Stores:
    url, enter = addresses.redis_url, stack.enter_async_context
    return _Stores(
        redis=await enter(_redis(url)),
        text_redis=await enter(_redis(url, decode_responses=True)),
        table=stack.enter_context(RequestTable(addresses.database_url)),
        batches=stack.enter_context(BatchTable(addresses.database_url)),
        feedback=stack.enter_context(FeedbackTable(addresses.database_url)),
        experiments=stack.enter_context(ExperimentTable(addresses.database_url)),
        webhooks=stack.enter_context(WebhookTable(addresses.database_url)),
        letters=stack.enter_context(DeadLetters(addresses.database_url)),
        security=await enter(security(settings, addresses.database_url, url)),
    )


def _redis(url: str, *, decode_responses: bool = False) -> Redis:
    # One more try, at once, for a connection that ended while it was idle: redis-py's own ten with
    # growing pauses would keep every request waiting while Redis is away.
    return Redis.from_url(
        url,
        socket_timeout=SOCKET_TIMEOUT_S,
        socket_connect_timeout=SOCKET_TIMEOUT_S,
        retry=Retry(NoBackoff(), 1),
        decode_responses=decode_responses,
    )


async def _answers(
    stack: AsyncExitStack,
    settings: Settings,
    stores: _Stores,
    addresses: Addresses,
    metrics: Metrics,
) -> Answers:
    blocking = BlockingRedis.from_url(addresses.redis_url, socket_timeout=SOCKET_TIMEOUT_S)
    metrics.registry.register(CacheCollector(stack.enter_context(blocking)))
    metrics.registry.register(EndpointCollector(blocking))
    file = settings.home.absolute() / DISK
    cache = await stack.enter_async_context(opened_cache(settings.cache, stores.redis, file))
    is_kept = protection.named(settings.cache.protection) is protection.KEEP_ALL
    return Answers(cache, is_kept)


async def _readiness(
    stack: AsyncExitStack, stores: _Stores, addresses: Addresses, lane: LaneClient
) -> Readiness:
    web = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))

    async def redis() -> None:
        await stores.text_redis.ping()

    async def postgres() -> None:
        # A look for a key that nobody has: it needs the tables, too.
        await asyncio.to_thread(stores.security.keys.find, "")

    async def prefect() -> None:
        (await web.get(f"{addresses.api_url}/health")).raise_for_status()

    async def living_lane() -> None:
        if not await lane.processes():
            raise LaneUnavailableError("none of its processes lives")

    return Readiness(
        {"redis": redis, "postgres": postgres, "prefect": prefect, "lane": living_lane}
    )


def _load(watch: LoadWatch) -> Load | None:
    if watch.standing is None:
        return None
    standard = watch.standing.standard
    return Load({tier: each.expected_start_s for tier, each in standard.items()})


@asynccontextmanager
async def _running(work: Coroutine[object, object, None]) -> AsyncGenerator[None]:
    """Let work that never ends go on; if it fails nevertheless, so does the process."""
    running = asyncio.create_task(work)
    running.add_done_callback(_end_if_failed)
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _end_if_failed(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.critical("The gateway cannot go on, and ends", exc_info=error)
        signal.raise_signal(signal.SIGTERM)
