"""What people read about a run that waits."""

import pytest

from neurocortex.domain.deployments import Tier
from neurocortex.scheduling.forecast import Explanation
from neurocortex.scheduling.holds import Hold, Reason
from neurocortex.worker.explaining import sentence

LIMIT = Hold(Reason.TIER_LIMIT, "medium has all 3 of its slots")
WAITS = f"It waits: {LIMIT.text}. It is number 12 of all that wait, 4 in medium."


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Explanation(None, 1, 1, 0.0), "It is among the next to start."),
        (
            Explanation(LIMIT, 12, 4, 41.6),
            f"{WAITS} It is expected to start in about 42 s.",
        ),
        (
            Explanation(LIMIT, 12, 4, 600.0),
            f"{WAITS} It is expected to start in about 10 min.",
        ),
        (
            Explanation(LIMIT, 12, 4, None),
            f"{WAITS} When it starts is not known: no run of its tier has ended lately.",
        ),
    ],
)
def test_an_explanation_names_limit_place_and_start(found: Explanation, said: str) -> None:
    assert sentence(found, Tier.MEDIUM) == said
