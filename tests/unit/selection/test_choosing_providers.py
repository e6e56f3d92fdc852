"""Who is asked: constraints hold, equals share, the worse get less, exploring is safe."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.domain.deployments import Tier
from neurocortex.errors import NoProviderFitsError
from neurocortex.selection.beliefs import Prior, expected, prior_of
from neurocortex.selection.choosing import Decision, choose
from neurocortex.selection.limits import Limits
from neurocortex.selection.policy import Policy, ProviderRules, Weights
from neurocortex.selection.scoring import expected_cost
from neurocortex.selection.values import Asked, Candidate, Evidence

NAMES = ("a", "b", "c", "d")
ASKED = Asked("chat", prompt_tokens=1000, answer_tokens=300)


def seen(
    calls: float, *, succeeded: float = 1.0, seconds: float = 1.0, score: float | None = None
) -> Evidence:
    """Return what so many calls that all took the same taught."""
    good = calls * succeeded
    return Evidence(
        succeeded=good,
        failed=calls - good,
        scores=0 if score is None else calls * score,
        judged=0 if score is None else calls,
        log_seconds=good * math.log(seconds),
        log_seconds_squared=good * math.log(seconds) ** 2,
        timed=good,
        tokens=good * 300,
        counted=good,
    )


def chosen(
    known: dict[str, Evidence],
    asked: Asked = ASKED,
    times: int = 2000,
    policy: Policy | None = None,
    candidates: Sequence[Candidate] | None = None,
) -> Counter[str]:
    rng = Random(7)
    among = candidates or [Candidate(name) for name in known]
    return Counter(
        choose(among, known, asked, policy or Policy(), rng).chosen for _ in range(times)
    )


candidates = st.lists(
    st.builds(
        Candidate,
        provider=st.sampled_from(NAMES),
        prompt_price=st.sampled_from((0.0, 1.0, 20.0)),
        completion_price=st.sampled_from((0.0, 4.0, 80.0)),
        regions=st.frozensets(st.sampled_from(("eu", "us")), max_size=2),
    ),
    min_size=1,
    unique_by=lambda each: each.provider,
)
limits = st.builds(
    Limits,
    providers=st.lists(st.sampled_from(NAMES), max_size=2).map(tuple),
    regions=st.lists(st.sampled_from(("eu", "us")), max_size=2).map(tuple),
    data_class=st.sampled_from((None, "secret", "unknown")),
    cost=st.sampled_from((None, 0.0, 0.003, 0.1)),
)
evidence = st.builds(
    seen,
    calls=st.sampled_from((0.0, 3.0, 50.0)),
    succeeded=st.sampled_from((0.2, 1.0)),
    seconds=st.sampled_from((0.2, 2.0, 30.0)),
    score=st.sampled_from((None, 0.3, 0.9)),
)
POLICY = Policy(providers={name: ProviderRules(data_classes=("secret",)) for name in ("a", "b")})


@given(
    among=candidates,
    limited=limits,
    known=st.dictionaries(st.sampled_from(NAMES), evidence),
    left_s=st.sampled_from((None, 0.5, 10.0)),
    tier=st.sampled_from(Tier),
    learns=st.booleans(),
    seed=st.integers(0, 10_000),
)
def test_a_constraint_is_never_broken(
    among: list[Candidate],
    limited: Limits,
    known: dict[str, Evidence],
    left_s: float | None,
    tier: Tier,
    learns: bool,
    seed: int,
) -> None:
    asked = replace(ASKED, limits=limited, left_s=left_s, tier=tier)
    try:
        decision = choose(among, known, asked, POLICY, Random(seed), learns=learns)
    except NoProviderFitsError:
        return
    for name in (decision.chosen, decision.best):
        one = next(each for each in among if each.provider == name)
        evidence = {each.provider: known.get(each.provider, Evidence()) for each in among}
        belief = expected(evidence[name], prior_of(evidence.values(), Weights().half_seconds, 300))
        assert not limited.providers or name in limited.providers
        assert not limited.regions or (one.regions and one.regions <= set(limited.regions))
        assert limited.data_class is None or (limited.data_class == "secret" and name in "ab")
        assert limited.cost is None or expected_cost(one, belief, asked) <= limited.cost
        if left_s is not None and belief.knows_time:
            assert belief.slow_seconds <= left_s


def test_who_leaves_nobody_is_told_which_constraint_removed_whom() -> None:
    asked = replace(ASKED, limits=Limits(data_class="secret", regions=("eu",)), left_s=2.0)
    among = [
        Candidate("a", regions=frozenset({"us"})),
        Candidate("b", regions=frozenset({"eu"})),
        Candidate("c", regions=frozenset({"eu"})),
    ]
    with pytest.raises(
        NoProviderFitsError, match=r"b: one of ten calls takes over \d+ s, and 2 s"
    ) as told:
        choose(among, {"b": seen(20, seconds=30)}, asked, POLICY, Random(1))
    removed = {name: constraint for name, (constraint, _) in told.value.removed.items()}
    assert removed == {"a": "region", "b": "deadline", "c": "data_class"}


@pytest.mark.parametrize("known", [Evidence(), seen(40, score=0.8)], ids=["unknown", "known"])
def test_equal_candidates_share_equally(known: Evidence) -> None:
    found = chosen(dict.fromkeys(NAMES, known), times=4000)
    for name in NAMES:
        assert found[name] / 4000 == pytest.approx(1 / 4, abs=0.05)


@pytest.mark.parametrize(
    "degraded",
    [seen(40, succeeded=0.4), seen(40, seconds=12), seen(40, score=0.2)],
    ids=["failing", "slow", "worse"],
)
def test_the_share_of_a_degraded_candidate_falls(degraded: Evidence) -> None:
    good = seen(40, score=0.9)
    assert chosen({"a": good, "b": good})["a"] > 800
    assert chosen({"a": degraded, "b": good})["a"] < 100


def test_cost_and_load_count_as_the_weights_say() -> None:
    dear, free = Candidate("dear", 30.0, 60.0), Candidate("free")
    known = {"dear": seen(60, score=0.9), "free": seen(60, score=0.8)}
    for_quality = Policy(weights={"chat": Weights(accuracy=1, latency=0, cost=0, load=0)})
    for_money = Policy(weights={"chat": Weights(accuracy=1, latency=0, cost=5, load=0)})
    assert chosen(known, policy=for_quality, candidates=[dear, free])["dear"] > 1500
    assert chosen(known, policy=for_money, candidates=[dear, free])["free"] == 2000
    busy = {"a": replace(seen(60), in_flight=40), "b": seen(60)}
    assert chosen(busy)["b"] > 1500


def decide(asked: Asked, seed: int) -> Decision:
    """Choose between one that is known to be good, and one of which nothing is known."""
    among = [Candidate("known"), Candidate("new")]
    return choose(among, {"known": seen(50, score=0.9)}, asked, Policy(), Random(seed))


def test_the_unknown_is_explored_but_not_where_it_could_hurt() -> None:
    free = [decide(ASKED, seed) for seed in range(300)]
    exploring = [each for each in free if each.is_exploring]
    assert 0 < len(exploring) < 200
    assert all(each.chosen == "new" and each.best == "known" for each in exploring)
    assert exploring[0].of("known").score == exploring[0].of("new").score, "as the others are"
    for careful in (replace(ASKED, tier=Tier.CRITICAL), replace(ASKED, left_s=2.5)):
        assert not any(decide(careful, seed).is_exploring for seed in range(300))
    assert any(decide(replace(ASKED, left_s=30), seed).is_exploring for seed in range(300))


def test_the_rules_alone_choose_where_nothing_is_learned() -> None:
    among = [Candidate("dear", 30, 60), Candidate("cheap", 0.1, 0.2)]
    for seed in range(50):
        decision = choose(among, {}, ASKED, Policy(), Random(seed), learns=False)
        assert (decision.chosen, decision.is_exploring) == ("cheap", False)


def test_a_budget_of_tokens_bounds_what_a_call_can_cost() -> None:
    one = Candidate("a", prompt_price=1.0, completion_price=10.0)
    prior = Prior(reliability=0.9, quality=0.8, seconds=3.0, answer_tokens=300)
    wordy = expected(replace(seen(100), tokens=100 * 5000), prior)
    assert expected_cost(one, wordy, ASKED) == pytest.approx(0.001 + 0.049, rel=0.05)
    bounded = replace(ASKED, budget_tokens=1100)
    assert expected_cost(one, wordy, bounded) == pytest.approx(0.001 + 0.001)
