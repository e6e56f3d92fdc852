"""Where the provider of a request fails the next is asked, and each failure is known."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from neurocortex.errors import (
    CostBudgetSpentError,
    ExtractionError,
    NoProviderFitsError,
    ProviderBrokeOffError,
    ProviderError,
)
from neurocortex.realtime.attempts import is_tried_again
from neurocortex.selection.beliefs import Prior, expected
from neurocortex.selection.choosing import choose, may_explore
from neurocortex.selection.limits import Limits, only_with_a_name
from neurocortex.selection.policy import Policy
from neurocortex.selection.receipt import Receipt
from neurocortex.selection.values import Asked, Candidate, Evidence
from neurocortex.settings import settings
from tasks.asking import Providers
from tasks.chat import complete_chat
from tasks.choosing import choose_provider
from tasks.plain_steps import PlainSteps

DOWN = ProviderError("http://llm/v1", "it is down", status=500)


@pytest.fixture(autouse=True)
def _without_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEUROCORTEX_REDIS_URL", raising=False)
    settings.cache_clear()


class Chooser(PlainSteps):
    """Chooses by the real rules among candidates of a test's own."""

    def __init__(self, *names: str) -> None:
        self.candidates = [Candidate(name, float(n), float(n)) for n, name in enumerate(names)]
        self.asked: list[Asked] = []

    async def run(self, task: Any, *args: Any, **_: Any) -> Any:
        """Choose: nothing else is a step here."""
        assert task is choose_provider
        asked: Asked = args[0]
        self.asked.append(asked)
        decision = choose(self.candidates, {}, asked, Policy(), Random(1), learns=False)
        return Receipt.of(uuid4(), datetime.now(UTC), "acme", asked, decision)


def work(called: list[str], failures: dict[str, Exception]) -> Any:
    async def done(provider: str) -> str:
        called.append(provider)
        if provider in failures:
            raise failures[provider]
        return f"by {provider}"

    return done


def asked(
    steps: Chooser,
    named: str,
    failures: dict[str, Exception],
    fallbacks: Sequence[str] = (),
    **limits: Any,
) -> tuple[str, list[str], Providers]:
    called: list[str] = []

    async def main() -> tuple[str, Providers]:
        wanted = Asked("chat", limits=Limits(**limits))
        async with Providers(named, wanted, steps, fallbacks=fallbacks) as providers:
            return await providers.ask(work(called, failures)), providers

    answer, providers = asyncio.run(main())
    return answer, called, providers


def test_the_next_best_answers_and_the_choice_names_who_failed() -> None:
    answer, called, providers = asked(Chooser("a", "b", "c"), "auto", {"a": DOWN, "b": DOWN})
    assert (answer, called) == ("by c", ["a", "b", "c"])
    assert providers.choice is not None
    assert providers.choice.provider == "c"
    assert sorted(providers.choice.failed) == ["a", "b"]
    assert "Before it, a, b failed." in providers.choice.why


def test_constraints_hold_for_the_next_one_too() -> None:
    steps = Chooser("a", "b", "c")
    answer, called, _ = asked(steps, "auto", {"a": DOWN}, providers=["a", "c"])
    assert (answer, called) == ("by c", ["a", "c"])
    assert steps.asked[1].failed == {"a": str(DOWN)}
    assert not may_explore(steps.asked[1], expected(Evidence(), Prior(1, 1, 1, 1)))


def test_where_all_fail_the_last_failure_is_told() -> None:
    last = ProviderError("http://b/v1", "the last one")
    with pytest.raises(ProviderError, match="the last one"):
        asked(Chooser("a", "b"), "auto", {"a": DOWN, "b": last})


def test_named_ones_are_asked_in_their_order() -> None:
    steps = Chooser()
    answer, called, providers = asked(steps, "z", {"z": DOWN, "y": DOWN}, ["y", "x", "w"])
    assert (answer, called) == ("by x", ["z", "y", "x"])
    assert (steps.asked, providers.choice) == ([], None)


@pytest.mark.parametrize("named", ["auto", "a"])
def test_a_model_that_does_not_keep_to_the_schema_is_followed_by_another_one(named: str) -> None:
    wrong = ExtractionError("model-a", [("$.number", "it is missing")])
    fallbacks = () if named == "auto" else ("b",)
    answer, called, _ = asked(Chooser("a", "b"), named, {"a": wrong}, fallbacks)
    assert (answer, called) == ("by b", ["a", "b"])
    with pytest.raises(ExtractionError, match="model-b"):
        asked(Chooser("a"), "a", {"a": wrong, "b": ExtractionError("model-b", [])}, ["b"])


@pytest.mark.parametrize(
    ("fallbacks", "expected"),
    [(["b"], ("by b", ["default", "b"])), ([], (None, ["default"]))],
    ids=["another-is-asked", "there-is-none"],
)
def test_where_there_is_no_block_default(
    fallbacks: list[str], expected: tuple[str | None, list[str]]
) -> None:
    called: list[str] = []

    async def written(provider: str) -> str | None:
        called.append(provider)
        return None if provider == "default" else f"by {provider}"

    async def main() -> str | None:
        wanted = Asked("answer")
        async with Providers("default", wanted, Chooser(), fallbacks=fallbacks) as providers:
            return await providers.ask(written)

    assert (asyncio.run(main()), called) == expected


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(ProviderBrokeOffError("http://llm", "cut"), id="a-stream-broke-off"),
        pytest.param(CostBudgetSpentError(0.1, 0.2), id="a-budget-is-spent"),
        pytest.param(NoProviderFitsError("chat", {}), id="not-a-providers-failure"),
    ],
)
def test_nobody_else_is_asked_where(error: Exception) -> None:
    with pytest.raises(type(error)):
        asked(Chooser("a", "b"), "auto", {"a": error})


def test_it_goes_on_with_who_did_not_fail_and_asks_nobody_twice() -> None:
    called: list[str] = []

    async def main() -> None:
        async with Providers("auto", Asked("agent"), Chooser("a", "b")) as providers:
            for _ in range(3):
                assert await providers.ask(work(called, {"a": DOWN})) == "by b"

    asyncio.run(main())
    assert called == ["a", "b", "b", "b"]


def test_work_at_once_that_meets_one_failure_goes_on_once() -> None:
    steps = Chooser("a", "b", "c")

    async def main() -> list[str]:
        both = asyncio.Barrier(2)

        async def failing(provider: str) -> str:
            if provider == "a":
                await both.wait()
                raise DOWN
            return provider

        async with Providers("auto", Asked("run_pipeline"), steps) as providers:
            return list(await asyncio.gather(*(providers.ask(failing) for _ in range(2))))

    assert asyncio.run(main()) == ["b", "b"]
    assert len(steps.asked) == 2


def test_a_task_is_not_tried_again_while_another_provider_is_there() -> None:
    retried: list[bool] = []

    async def failing(_: str) -> str:
        retried.append(await is_tried_again(complete_chat, DOWN, 1))
        raise DOWN

    async def main() -> None:
        async with Providers("auto", Asked("chat"), Chooser("a", "b")) as providers:
            await providers.ask(failing)

    with pytest.raises(ProviderError):
        asyncio.run(main())
    assert retried == [False, True]


@pytest.mark.parametrize("named", ["", "auto"])
def test_fallbacks_of_nobody_are_refused(named: str) -> None:
    with pytest.raises(ValueError, match="`fallbacks` stand in for a named provider"):
        only_with_a_name(named, ("a",))
    only_with_a_name("z", ("a",))
