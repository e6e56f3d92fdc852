"""Slots and resources of all workers: who holds what, until when, at whose charge."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID, uuid4

from redis.asyncio import Redis

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import Charge, Usage, Work
from neurocortex.errors import StaleLeaseError
from neurocortex.ledger import answers, encoding, queries, refusals, scripts
from neurocortex.ledger.client import NAMESPACE, Scripts, reached
from neurocortex.ledger.encoding import SECOND
from neurocortex.ledger.layout import NAMES
from neurocortex.ledger.values import Drain, Lease, Refusal, WorkerOffer

NEWEST_WEIGHT: Final = 0.2
"""Of the newest run in a deployment's estimate: the last ten runs make nine tenths of it."""

ESTIMATE_S: Final = 30 * 24 * 3600
"""A deployment that did not run for a month starts from the default estimate again."""

SETTLE_S: Final = 15.0
"""Time to restart or crash a handed-over run: some calls of Prefect's API, each under a second;
then it is handed to the next, so that a dead worker's run is found within a minute."""

DRAIN_WINDOW_S: Final = 60.0

GRACE: Final = 0.5
"""Workers give three signs of life within a lease: by half of it each has given one."""

LEAST_GRACE_S: Final = 5.0
"""Signs of life come late on a busy machine, and while a client connects to Redis again."""


class Ledger:
    """One per process. Each method is one atomic step in Redis.

    Each raises `LedgerUnavailableError` when Redis does not answer. A step that was under way then
    took place whole or not at all, and all of them can be repeated: a release that took place
    raises `StaleLeaseError`; of a lease that nobody knows of the reconciler (`reconcile.own`)
    learns.
    """

    def __init__(
        self, redis: Redis, namespace: str = NAMESPACE, *, grace_s: float | None = None
    ) -> None:
        """Keep the ledger in a Redis.

        Args:
            redis: a client with `decode_responses=True`.
            namespace: what its keys start with.
            grace_s: seconds for which nothing is granted after the ledger was lost; None: as long
                as workers take to enter their leases again.
        """
        self._redis = redis
        self._grace_s = grace_s
        self._joined: set[str] = set()
        self._scripts = Scripts(redis, namespace)

    async def join(self, offer: WorkerOffer) -> bool:
        """State what a worker offers.

        Returns:
            Whether the ledger was blank: it is new, or it was lost, and nobody has said so yet.
            Where runs go on, `close` it until their workers had time to enter their leases.
        """
        return (await self._beat(offer, ()))[0]

    async def beat(self, offer: WorkerOffer, held: Sequence[Lease]) -> tuple[Lease, ...]:
        """Give a sign of life: all leases of the worker are renewed for `offer.lease_s`.

        Args:
            offer: as it joined, or a changed one.
            held: leases that the worker knows it holds.

        Returns:
            Those of `held` that are not in force: `restore` them, or give their runs up.
        """
        _, lost = await self._beat(offer, held)
        return tuple(lease for lease in held if str(lease.work) in lost)

    async def close(self, lease_s: float) -> None:
        """Grant nothing to anybody until workers with such leases had time to enter theirs."""
        await self._run(scripts.CLOSE, self._grace(lease_s))

    async def leave(self, worker: str) -> None:
        """End a worker: it counts no more, and what it still holds is `expired` at once."""
        self._joined.discard(worker)
        await self._run(scripts.LEAVE, worker)

    async def acquire(
        self,
        work: Work,
        worker: str,
        limits: Mapping[Tier, int],
        reserve: int,
        charges: Sequence[Charge],
    ) -> Lease | Refusal:
        """Take a slot and resources for a work, and charge for it: all or nothing.

        Args:
            work: what wants to run.
            worker: who would run it.
            limits: slots that each tier may hold; a tier that is not in it has no limit.
            reserve: slots, of all workers together, that only critical work may hold.
            charges: what to add to accounts of fair share.

        Raises:
            NeverFitsError: no worker that is alive could hold it, even when idle.
        """
        wanted = Lease(
            work=work.id,
            worker=worker,
            tier=work.tier,
            tenant=work.tenant,
            deployment=work.deployment,
            needs=work.needs,
            cost=work.cost,
            charges=tuple(charges),
            grant=uuid4(),
            token=0,
            granted=0.0,
            expires=0.0,
        )
        answer = await self._run(
            scripts.ACQUIRE,
            str(work.id),
            worker,
            encoding.lease_body(wanted),
            encoding.request(work, limits, reserve),
        )
        return _granted(wanted, answer)

    async def release(self, lease: Lease, actual_cost: float | None = None) -> None:
        """End a lease whose run ended, and learn from it.

        Args:
            lease: as acquired or restored last.
            actual_cost: cpu-seconds it took; corrects what was charged, and the deployment's
                estimate. None: not known, the estimate was right.

        Raises:
            StaleLeaseError: it is not in force; nothing was changed.
        """
        await self._end(lease, actual_cost, "ended")

    async def hand_back(self, lease: Lease) -> None:
        """End a lease whose run did not start: what was charged is given back.

        Raises:
            StaleLeaseError: it is not in force; nothing was changed.
        """
        await self._end(lease, 0.0, "unstarted")

    async def restore(self, lease: Lease) -> Lease | Refusal:
        """Enter a lease again, whose run goes on at its worker, after the ledger lost it.

        Returns:
            The lease with its new token, even where that exceeds a limit: the run exists. Or the
            refusal: another holds the work, or a reconciler was told that its worker is dead.
            The run has to be stopped then.
        """
        answer = await self._run(
            scripts.RESTORE,
            str(lease.work),
            lease.worker,
            encoding.lease_body(lease),
            str(lease.token),
            str(round(lease.granted * SECOND)),
        )
        return _granted(lease, answer)

    async def expired(self, settle_s: float = SETTLE_S) -> tuple[Lease, ...]:
        """Take the leases of workers that gave no sign of life; what they held is free.

        Each is handed to exactly one caller, who has to `settle` it within `settle_s` seconds (the
        lease's `expires`): later it is handed to the next, as this one may have died over it.
        """
        return answers.leases(await self._run(scripts.EXPIRED, round(settle_s * SECOND)))

    async def settle(self, lease: Lease) -> None:
        """Say that the run of an expired lease was dealt with; too late is no error."""
        await self._run(scripts.SETTLE, str(lease.work), str(lease.token))

    async def usage(self, worker: str) -> Usage:
        """Return what is in use now, as a worker sees it."""
        return answers.usage(await self._run(queries.USAGE, worker), worker)

    async def leases(self) -> tuple[Lease, ...]:
        """Return every lease in force."""
        return answers.leases(await self._run(queries.LEASES))

    async def workers(self) -> tuple[WorkerOffer, ...]:
        """Return what each living worker offers."""
        offers = answers.TEXTS.validate_python(await self._run(queries.WORKERS))
        return tuple(encoding.worker_offer(offer) for offer in offers)

    async def estimates(self, deployments: Sequence[UUID]) -> Mapping[UUID, float]:
        """Return the mean cpu-seconds of recent runs, by deployment; those that never ran lack."""
        if not deployments:
            return {}
        with reached():
            found = await self._redis.mget(
                [self._scripts.key(_estimate(id_)) for id_ in deployments]
            )
        means = zip(deployments, found, strict=True)
        return {id_: float(mean) for id_, mean in means if mean is not None}

    async def drain(self, tier: Tier, window_s: float = DRAIN_WINDOW_S) -> Drain:
        """Return how fast runs of a tier ended in the last seconds, at most an hour of them."""
        answer = await self._scripts.run(queries.DRAIN, [_ended(tier)], [round(window_s * SECOND)])
        return answers.drain(answer)

    async def _beat(self, offer: WorkerOffer, held: Sequence[Lease]) -> tuple[bool, frozenset[str]]:
        """Return whether the ledger was blank, and the ids of `held` that it does not have."""
        known = [text for lease in held for text in (str(lease.work), str(lease.token))]
        answer = await self._run(
            scripts.BEAT,
            offer.name,
            encoding.offer(offer),
            round(offer.lease_s * SECOND),
            "again" if offer.name in self._joined else "first",
            self._grace(offer.lease_s),
            *known,
        )
        is_blank, *lost = answers.TEXTS.validate_python(answer)
        self._joined.add(offer.name)
        return is_blank == "1", frozenset(lost)

    def _grace(self, lease_s: float) -> int:
        """Return for how many microseconds nothing is granted after a loss."""
        needed = max(GRACE * lease_s, LEAST_GRACE_S)
        return round((needed if self._grace_s is None else self._grace_s) * SECOND)

    async def _end(self, lease: Lease, actual_cost: float | None, how: str) -> None:
        keys = [*NAMES, _ended(lease.tier)]
        if lease.deployment is not None:
            keys.append(_estimate(lease.deployment))
        ended = await self._scripts.run(
            scripts.RELEASE,
            keys,
            [
                str(lease.work),
                str(lease.token),
                "" if actual_cost is None else repr(float(actual_cost)),
                how,
                str(NEWEST_WEIGHT),
                ESTIMATE_S,
            ],
        )
        if not ended:
            raise StaleLeaseError(lease.work, lease.worker, lease.token)

    async def _run(self, script: str, *arguments: str | int) -> object:
        return await self._scripts.run(script, NAMES, arguments)


def _granted(wanted: Lease, answer: object) -> Lease | Refusal:
    outcome, *rest = answers.TEXTS.validate_python(answer)
    if outcome == "never":
        raise refusals.never_fits(*rest)
    if outcome == "refused":
        return refusals.refusal(rest[0], rest[1:])
    token, granted, expires = (int(each) for each in rest)
    return replace(wanted, token=token, granted=granted / SECOND, expires=expires / SECOND)


def _ended(tier: Tier) -> str:
    return f"ended:{tier.value}"


def _estimate(deployment: UUID) -> str:
    return f"estimate:{deployment}"
