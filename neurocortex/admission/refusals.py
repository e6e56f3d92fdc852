"""What a refused request is told."""

from neurocortex.admission.answers import Answer
from neurocortex.admission.limits import Limits
from neurocortex.admission.rules import Verdict, room_after_s, within
from neurocortex.admission.values import Ticket
from neurocortex.errors import (
    AdmissionError,
    DeadlineImpossibleError,
    QueueFullError,
    SheddingError,
    TenantQueueFullError,
)
from neurocortex.routing.route import Lane


def refusal(ticket: Ticket, answer: Answer, limits: Limits, left_s: float | None) -> AdmissionError:
    """Return the error for a verdict other than ADMITTED."""
    lane, tier = ticket.lane, ticket.tier
    queue = lane.value if lane is Lane.REALTIME else tier.value
    match answer.verdict:
        case Verdict.SHED:
            return SheddingError(tier.value, limits.shed_above, within(answer.shed_for_s))
        case Verdict.TENANT_FULL:
            bound = limits.tenant_bound(lane, tier)
            after_s = room_after_s(bound, answer.rate)
            return TenantQueueFullError(ticket.tenant, queue, bound, after_s)
        case Verdict.DEADLINE:
            left_s = left_s or 0.0
            late_s = answer.wait_s + ticket.estimate_s - left_s
            return DeadlineImpossibleError(left_s, answer.wait_s, ticket.estimate_s, within(late_s))
        case _:
            bound = limits.bound(lane, tier)
            return QueueFullError(queue, bound, room_after_s(bound, answer.rate))
