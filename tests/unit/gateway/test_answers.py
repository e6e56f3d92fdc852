from typing import Literal

from pydantic import BaseModel

from neurocortex.domain.deployments import Tier
from neurocortex.gateway.answers import key_of
from neurocortex.gateway.headers import idempotency_key, wants_fresh, wants_no_wait
from neurocortex.gateway.samples import sample
from neurocortex.requests.pipeline import Estimate, Pipeline
from neurocortex.requests.request import Budget, Request
from neurocortex.requests.steps import Steps


class Asked(Request):
    """Anything."""

    operation: Literal["ask"] = "ask"
    question: str
    places: tuple[int, ...]
    note: str = ""


class Answered(BaseModel):
    """Something."""


async def serve(request: Asked, steps: Steps) -> Answered:
    return Answered()


PIPELINE = Pipeline(
    operation="ask",
    family="nlp",
    summary="Asks.",
    request=Asked,
    result=Answered,
    tier=Tier.LOW,
    estimate=lambda _: Estimate(seconds=1),
    realtime=serve,
)


def test_only_what_is_asked_and_who_asks_makes_the_key() -> None:
    asked = Asked(question="Why?", places=(1,))
    urgent = asked.model_copy(update={"tier": Tier.CRITICAL, "deadline_s": 5.0, "stream": True})
    assert key_of("acme", PIPELINE, asked) == key_of("acme", PIPELINE, urgent)
    other = asked.model_copy(update={"note": "x"})
    assert key_of("acme", PIPELINE, asked) != key_of("acme", PIPELINE, other)
    assert key_of("acme", PIPELINE, asked) != key_of("other", PIPELINE, asked)


def test_a_budget_of_tokens_may_cut_an_answer_so_it_has_a_key_of_its_own() -> None:
    asked = Asked(question="Why?", places=(1,))
    quick = asked.model_copy(update={"budget": Budget(seconds=1)})
    short = asked.model_copy(update={"budget": Budget(tokens=100)})
    assert key_of("acme", PIPELINE, asked) == key_of("acme", PIPELINE, quick)
    assert key_of("acme", PIPELINE, asked) != key_of("acme", PIPELINE, short)


def test_an_example_is_a_valid_request() -> None:
    made = sample(PIPELINE)
    assert Asked.model_validate(made).question == "question"
    assert made["operation"] == "ask"


def test_what_headers_ask_for() -> None:
    assert wants_fresh({"cache-control": "max-age=0, No-Cache"})
    assert not wants_fresh({})
    assert wants_no_wait({"prefer": "respond-async, wait=5"})
    assert idempotency_key({"idempotency-key": '"abc"'}) == "abc"
    assert idempotency_key({}) is None
