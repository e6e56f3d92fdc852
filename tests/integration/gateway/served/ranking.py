"""ranking: picks passages from its own ranking, and from another where one is set against it."""

from typing import Literal

from pydantic import BaseModel

from neurocortex.domain.deployments import Tier
from neurocortex.domain.strict import Strict
from neurocortex.experiments.interleaving import Team, draft
from neurocortex.requests.current import current
from neurocortex.requests.pipeline import Caching, Estimate, Pipeline
from neurocortex.requests.steps import Steps
from tests.integration.gateway.served.common import Asked


class Against(Strict):
    """Another ranking."""

    text: str = ""


class RankingRequest(Asked):
    """Rank."""

    operation: Literal["ranking"] = "ranking"
    against: Against | None = None


class Ranked(BaseModel):
    """Two passages of each ranking."""

    passages: list[str]
    teams: list[Team] | None = None
    note: str | None = None


async def _serve(request: RankingRequest, steps: Steps) -> Ranked:
    own = [f"{request.text} {place}" for place in (1, 2)]
    serving = current()
    if request.against is None or serving is None:
        return Ranked(passages=own)
    other = [f"{request.against.text} {place}" for place in (1, 2)]
    found = draft(own, other, 4, serving.id, lambda passage: passage)
    passages, teams = zip(*found, strict=True)
    return Ranked(passages=list(passages), teams=list(teams))


PIPELINE = Pipeline(
    operation="ranking",
    family="vector",
    summary="Ranks.",
    request=RankingRequest,
    result=Ranked,
    tier=Tier.HIGH,
    estimate=lambda _: Estimate(seconds=0.001),
    realtime=_serve,
    caching=Caching(ttl_s=60, tags=lambda _: (), lasts=lambda found: found.teams is None),
)
