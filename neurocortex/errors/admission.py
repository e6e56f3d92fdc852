"""Requests that were not let in."""

from neurocortex.errors.requests import RequestError


class AdmissionError(RequestError):
    """A request is not let in, and nothing was done for it.

    `retry_after_s`: when it may be tried again, in seconds. `limit`: the bound that was met.
    """

    code = "not_admitted"

    def __init__(self, message: str, retry_after_s: float, limit: float | None = None) -> None:
        super().__init__(f"{message} Try again in {retry_after_s:.1f} s.")
        self.retry_after_s = retry_after_s
        self.limit = limit


class QueueFullError(AdmissionError):
    """As many requests wait as may. `limit` is how many that are."""

    code = "queue_full"

    def __init__(self, queue: str, limit: int, retry_after_s: float) -> None:
        super().__init__(
            f"The queue {queue} is full: {limit} requests are in it.", retry_after_s, limit
        )
        self.queue = queue


class TenantQueueFullError(AdmissionError):
    """As many requests of one tenant wait as may. `limit` is how many that are."""

    code = "tenant_queue_full"

    def __init__(self, tenant: str, queue: str, limit: int, retry_after_s: float) -> None:
        super().__init__(
            f"The tenant {tenant} has {limit} requests in the queue {queue}, as many as it may.",
            retry_after_s,
            limit,
        )
        self.tenant = tenant
        self.queue = queue


class DeadlineImpossibleError(AdmissionError):
    """The answer would come after the deadline. `start_s`: when it would have been started.

    `limit` is the seconds that were left, `retry_after_s` when as many would be enough.
    """

    code = "deadline_impossible"

    def __init__(self, left_s: float, start_s: float, takes_s: float, retry_after_s: float) -> None:
        super().__init__(
            f"The deadline cannot be met: it is {left_s:.3f} s away, and the request would start in"
            f" {start_s:.3f} s and take {takes_s:.3f} s.",
            retry_after_s,
            left_s,
        )
        self.start_s = start_s
        self.takes_s = takes_s


class GatewayBusyError(AdmissionError):
    """A gateway has as many connections as it may. `limit` is how many that are."""

    code = "gateway_busy"

    def __init__(self, limit: int, retry_after_s: float = 1.0) -> None:
        super().__init__(
            f"The gateway has {limit} connections, as many as it may.", retry_after_s, limit
        )


class LaneFullError(AdmissionError):
    """So many requests wait that one more would start after the lane gave it up. `start_s`: when.

    `limit` is the lane's timeout in seconds.
    """

    code = "lane_full"

    def __init__(self, start_s: float, limit: float, retry_after_s: float) -> None:
        super().__init__(
            f"The request would start in {start_s:.1f} s, and the real-time lane gives up what is"
            f" not answered after {limit:g} s.",
            retry_after_s,
            limit,
        )
        self.start_s = start_s


class SheddingError(AdmissionError):
    """The load is high, and requests of lower tiers are refused. `limit`: the load allowed."""

    code = "shedding"

    def __init__(self, tier: str, limit: float, retry_after_s: float) -> None:
        super().__init__(
            f"The load is above {limit:.0%}: requests of tier {tier} are refused until it was"
            " below for a while.",
            retry_after_s,
            limit,
        )
        self.tier = tier


class AdmissionUnavailableError(AdmissionError):
    """The Redis of the admission does not answer: nobody is let in, as nobody counts."""

    code = "admission_unavailable"

    def __init__(self, reason: str, retry_after_s: float) -> None:
        super().__init__(f"Requests cannot be let in: {reason}.", retry_after_s)
        self.reason = reason
