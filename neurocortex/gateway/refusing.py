"""What happens when something fails: it is counted, logged where it is our fault, and told."""

import logging
from dataclasses import dataclass

from neurocortex.errors import NeuroCortexError
from neurocortex.gateway.metrics import Metrics
from neurocortex.gateway.problems import Problem, problem_of

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refusals:
    """Turns errors into problems."""

    metrics: Metrics

    def problem(self, error: Exception) -> Problem:
        """Return what the client is told of an error."""
        problem = problem_of(error)
        self.metrics.refused(problem.code)
        if not isinstance(error, NeuroCortexError):
            _log.error("A request failed", exc_info=error)
        elif problem.status >= 500:
            _log.warning("%s: %s", problem.code, error)
        return problem
