"""The ledger of slots and resources."""

from uuid import UUID

from neurocortex.errors.base import NeuroCortexError


class LedgerError(NeuroCortexError):
    """The ledger of slots and resources cannot do what was asked."""


class NoLeaseError(LedgerError):
    """A flow was submitted to a worker itself, where no lease could be taken for it."""

    def __init__(self, flow: str, pool: str) -> None:
        super().__init__(
            f"Flow {flow} was submitted to a worker of pool {pool} itself: it would run past the"
            " ledger, on top of the slots. Have it wait its turn: deploy it to the pool and start"
            " it with `run_deployment`; a flow that is bound to a pool has `submit_to_work_pool`."
        )
        self.flow = flow
        self.pool = pool


class NeverFitsError(LedgerError):
    """A run needs more than any one worker has, even an idle one. Amounts are the resource's."""

    def __init__(self, resource: str, needed: float, largest: float) -> None:
        if largest < needed:
            lack = f"it needs {needed:g} {resource}, the largest worker offers {largest:g}"
        else:
            lack = f"no worker that offers {needed:g} {resource} has enough of all else it needs"
        super().__init__(
            f"No worker can ever run it: {lack}. Lower the run's needs, or start a larger worker."
        )
        self.resource = resource
        self.needed = needed
        self.largest = largest


class StaleLeaseError(LedgerError):
    """A lease that is no longer in force was used: nothing was changed."""

    def __init__(self, work: UUID, worker: str, token: int) -> None:
        super().__init__(
            f"Worker {worker} does not hold run {work} any more (token {token}): its lease was"
            " released, or ran out for lack of a sign of life."
        )
        self.work = work
        self.worker = worker
        self.token = token
