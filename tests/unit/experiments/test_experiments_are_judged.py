"""Which variant wins, which is stopped, and how seldom that is wrong."""

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest

from neurocortex.experiments.figures import PER_TENANT, Figures, Outcome, Scored, looked, nothing
from neurocortex.experiments.judging import judged
from neurocortex.experiments.plan import (
    Experiment,
    ExperimentSpec,
    Guardrails,
    Metric,
    State,
    Unit,
    Variant,
)

NOW = datetime(2026, 5, 1, tzinfo=UTC)
TWO = (
    Variant(name="usual", share=50),
    Variant(name="short", share=50, set={"passages": 2}),
)


def experiment(**fields: object) -> Experiment:
    spec = {"name": "context", "operation": "answer", "variants": TWO, **fields}
    return Experiment(id=UUID(int=7), spec=ExperimentSpec.model_validate(spec), started_at=NOW)


def outcome(variant: str, **fields: object) -> Outcome:
    values = {"tenant": "acme", "failed": False, "seconds": 0.1, "cost": 0.0, **fields}
    return Outcome(variant, **values)  # type: ignore[arg-type]


def after(
    begun: Experiment, ended: list[Outcome], scored: list[Scored] | None = None, now: datetime = NOW
) -> Experiment:
    return judged(begun, looked(nothing(begun.spec), begun.spec, ended, scored or []), now)


def scores(rng: Random, count: int, usual: float, short: float) -> list[Scored]:
    means = {"usual": usual, "short": short}
    return [
        Scored(name, "acme", float(rng.random() < mean))
        for _ in range(count)
        for name, mean in means.items()
    ]


def test_a_variant_with_better_scores_wins() -> None:
    found = after(experiment(), [], scores(Random("better"), 400, 0.5, 0.8))
    assert (found.state, found.winner) == (State.DECIDED, "short")
    assert found.reason.startswith("short is better: score 0.")


def test_a_variant_with_worse_scores_is_stopped_and_the_first_one_stays() -> None:
    found = after(experiment(), [], scores(Random("worse"), 400, 0.8, 0.5))
    assert (found.state, found.winner) == (State.DECIDED, "usual")
    assert found.stopped["short"].startswith("it is worse: score 0.")


@pytest.mark.parametrize("metric", [Metric.SCORE, Metric.SUCCESS, Metric.LATENCY])
def test_equal_variants_are_seldom_told_apart_however_often_one_looks(metric: Metric) -> None:
    cap = 1.0 if metric.is_capped else None
    begun = experiment(metric=metric, alpha=0.1, cap=cap, samples=100_000)
    rng = Random(f"null {metric.value}")
    wrong = 0
    for _ in range(60):
        figures: Figures = nothing(begun.spec)
        for _ in range(60):
            batch = [
                outcome(name, failed=rng.random() < 0.3, seconds=rng.random())
                for name in ("usual", "short", "usual")
            ]
            judgements = [Scored(each.variant, "acme", rng.random()) for each in batch]
            figures = looked(figures, begun.spec, batch, judgements)
            if not judged(begun, figures, NOW).is_running:
                wrong += 1
                break
    assert wrong <= 6


def test_success_is_decided_by_the_exact_test() -> None:
    begun = experiment(metric="success")
    batch = [outcome("usual", failed=number % 2 == 0) for number in range(60)]
    batch += [outcome("short") for _ in range(60)]
    found = after(begun, batch)
    assert (found.winner, found.reason) == (
        "short",
        "short is better: success 100.0% against 50.0%",
    )


def test_a_quicker_variant_wins_and_is_told_in_seconds() -> None:
    begun = experiment(metric="latency", cap=2.0)
    batch = [outcome("usual", seconds=1.0) for _ in range(60)]
    batch += [outcome("short", seconds=0.2) for _ in range(60)]
    assert after(begun, batch).reason == "short is better: latency 0.2 s against 1 s"


@pytest.mark.parametrize(
    ("guardrail", "broken", "told"),
    [
        ({"error_rate": 0.05}, {"failed": True}, "4 of 4 requests could not be answered"),
        ({"p95_s": 1.0}, {"seconds": 1.5}, "4 of 4 requests took more than 1 s"),
    ],
)
def test_a_variant_that_breaks_a_guardrail_is_stopped_after_a_few_requests(
    guardrail: dict[str, float], broken: dict[str, object], told: str
) -> None:
    begun = experiment(guardrails=Guardrails(**guardrail))
    batch = [outcome("usual") for _ in range(4)] + [outcome("short", **broken) for _ in range(4)]
    found = after(begun, batch)
    assert (found.state, found.winner) == (State.BROKEN, "usual")
    assert told in found.stopped["short"]


def test_a_variant_that_is_too_dear_is_stopped() -> None:
    begun = experiment(guardrails=Guardrails(cost=0.01))
    batch = [outcome("usual", cost=0.005) for _ in range(150)]
    batch += [outcome("short", cost=0.05) for _ in range(150)]
    assert "costs 0.05 on average, 0.01 is allowed" in after(begun, batch).stopped["short"]


def test_the_others_go_on_when_one_is_stopped() -> None:
    three = (*TWO[:1], *(TWO[1].model_copy(update={"share": 25.0}),))
    third = Variant(name="long", share=25, set={"passages": 9})
    begun = experiment(variants=(*three, third), guardrails=Guardrails(error_rate=0.05))
    found = after(begun, [outcome("short", failed=True) for _ in range(6)])
    assert found.is_running
    assert [each.name for each in found.rivals] == ["long"]


def test_the_first_variant_cannot_be_stopped_so_the_experiment_is() -> None:
    begun = experiment(guardrails=Guardrails(error_rate=0.05))
    found = after(begun, [outcome("usual", failed=True) for _ in range(6)])
    assert (found.state, found.winner) == (State.BROKEN, None)
    assert found.reason.startswith("usual, the first variant, breaks a guardrail")


def test_no_gain_worth_a_change_is_a_decision_for_what_serves() -> None:
    begun = experiment(minimum_effect=0.3)
    found = after(begun, [], scores(Random("alike"), 400, 0.7, 0.7))
    assert (found.state, found.winner) == (State.DECIDED, "usual")
    assert found.reason == "no variant can be better by 0.3 any more"


def test_it_ends_undecided_by_its_samples_and_by_its_date() -> None:
    alike = scores(Random("ends"), 10, 0.7, 0.7)
    assert after(experiment(samples=20), [], alike).state is State.UNDECIDED
    dated = experiment(until=NOW + timedelta(hours=1))
    assert after(dated, [], alike).is_running
    assert after(dated, [], alike, NOW + timedelta(hours=1)).state is State.UNDECIDED


def test_a_tenant_is_one_value_where_tenants_are_assigned() -> None:
    begun = experiment(unit=Unit.TENANT)
    said = [Scored("short", "acme", 1.0)] * (3 * PER_TENANT)
    said += [Scored("short", "other", 0.0)] * (PER_TENANT - 1)
    figures = looked(nothing(begun.spec), begun.spec, [], said)
    assert figures.arms["short"].metric.count == 1
    assert figures.arms["short"].metric.mean == 1.0


def test_figures_survive_being_kept_as_json() -> None:
    begun = experiment(guardrails=Guardrails(cost=1.0, p95_s=1.0))
    figures = looked(
        nothing(begun.spec),
        begun.spec,
        [outcome("usual", cost=0.5)],
        [Scored("short", "acme", 0.4)],
    )
    assert Figures.model_validate_json(figures.model_dump_json()) == figures
