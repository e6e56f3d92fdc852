"""Who gets which variant, and what that makes of a request."""

from collections import Counter
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

import pytest
from pydantic import Field, ValidationError

from neurocortex.domain.strict import Strict
from neurocortex.errors import ExperimentApplyError, ExperimentSpecError
from neurocortex.experiments.assigning import (
    as_applied,
    as_interleaved,
    as_varied,
    assign,
    experiment_of,
    require_settable,
)
from neurocortex.experiments.experiments import appliable
from neurocortex.experiments.plan import (
    Experiment,
    ExperimentSpec,
    Metric,
    State,
    Unit,
    Variant,
)
from neurocortex.requests.request import Request

TWO = [{"name": "usual"}, {"name": "short", "set": {"question": "Who else?"}}]


class Against(Strict):
    """What a second ranking does otherwise."""

    question: str = ""
    parameters: dict[str, object] = Field({})


class Asked(Request):
    """A request to vary."""

    operation: Literal["answer"] = "answer"
    question: str = ""
    passages: int = Field(5, ge=1, le=50)
    parameters: dict[str, object] = Field({})
    against: Against | None = None


class Unranked(Request):
    """A request of which no ranking comes."""

    question: str = ""


def experiment(**fields: object) -> Experiment:
    spec = {
        "name": "context",
        "operation": "answer",
        "variants": (
            Variant(name="usual", share=70),
            Variant(name="short", share=20, set={"passages": 2, "parameters": {"top_k": 2}}),
            Variant(name="long", share=10, set={"passages": 20}),
        ),
        **fields,
    }
    return Experiment(
        id=UUID(int=3), spec=ExperimentSpec.model_validate(spec), started_at=datetime.now(UTC)
    )


def test_shares_are_kept_and_the_same_request_has_the_same_variant() -> None:
    running = experiment()
    found = [assign(running, "acme", str(number)).name for number in range(4000)]
    assert found == [assign(running, "acme", str(number)).name for number in range(4000)]
    counts = Counter(found)
    assert counts["usual"] == pytest.approx(2800, abs=150)
    assert counts["short"] == pytest.approx(800, abs=120)
    assert counts["long"] == pytest.approx(400, abs=90)


def test_a_tenant_stays_with_one_variant_where_tenants_are_assigned() -> None:
    running = experiment(unit=Unit.TENANT)
    assert len({assign(running, "acme", str(number)).name for number in range(50)}) == 1
    assert len({assign(running, str(number), "a").name for number in range(50)}) > 1


def test_the_first_variant_has_the_requests_of_one_that_was_stopped_and_no_other_moves() -> None:
    running = experiment()
    stopped = running.without("short", "it breaks a guardrail")
    for number in range(300):
        before = assign(running, "acme", str(number)).name
        wanted = "usual" if before == "short" else before
        assert assign(stopped, "acme", str(number)).name == wanted


def test_only_requests_that_fit_take_part() -> None:
    running = experiment(where={"question": "Who?"})
    assert experiment_of(Asked(question="Who?"), [running]) is running
    assert experiment_of(Asked(question="What?"), [running]) is None


def test_applied_variants_serve_one_after_the_other_and_one_that_does_not_go_is_left_out() -> None:
    now = datetime.now(UTC)
    short, long = (experiment().changed(name, now, "ada") for name in ("short", "long"))
    odd = experiment(
        variants=(Variant(name="usual"), Variant(name="odd", set={"passages": 0}))
    ).changed("odd", now, "ada")
    withdrawn = short.changed(None, now, "ada")
    other = experiment(where={"question": "What?"}).changed("long", now, "ada")
    request, by = as_applied(Asked(question="Who?"), [short, withdrawn, odd, other])
    assert (request.passages, by) == (2, (short,))
    request, by = as_applied(Asked(question="Who?"), [short, long])
    assert (request.passages, request.parameters, by) == (20, {"top_k": 2}, (short, long))


def test_only_a_variant_that_changes_something_is_applied_after_the_end() -> None:
    ended = experiment().ended(State.DECIDED, "short", "it is better", datetime.now(UTC))
    assert appliable(ended, None) == "short"
    assert appliable(ended, "long") == "long"
    with pytest.raises(ExperimentApplyError, match="usual serves already"):
        appliable(ended, "usual")


def test_a_variant_replaces_fields_and_keys_of_mappings_and_nothing_else() -> None:
    asked = Asked(question="Who?", session="s-1", parameters={"collection": "papers", "top_k": 9})
    short = experiment().spec.variants[1]
    varied = as_varied(asked, short)
    assert varied == Asked(
        question="Who?",
        session="s-1",
        passages=2,
        parameters={"collection": "papers", "top_k": 2},
    )
    assert as_varied(asked, experiment().spec.control) is asked


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"pasages": 2}, "'answer' has no field 'pasages' that may vary"),
        ({"tier": "critical"}, "'answer' has no field 'tier' that may vary"),
        ({"passages": 99}, "short: passages = 99: Input should be less than or equal to 50"),
    ],
)
def test_what_requests_do_not_have_is_refused_before_it_starts(
    fields: dict[str, object], told: str
) -> None:
    variants = [{"name": "usual", "share": 50}, {"name": "short", "share": 50, "set": fields}]
    spec = experiment(variants=variants).spec
    with pytest.raises(ExperimentSpecError, match=told):
        require_settable(spec, Asked)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"variants": [{"name": "a", "share": 50}, {"name": "a", "share": 50}]}, "one name"),
        (
            {"variants": [{"name": "a", "share": 50}, {"name": "b", "share": 40, "set": {"x": 1}}]},
            "add up to 100",
        ),
        ({"variants": [{"name": "a", "share": 50}, {"name": "b", "share": 50}]}, "set the same"),
        ({"metric": "latency"}, "needs a `cap`"),
        ({"metric": "score", "cap": 2}, "leave out `cap`"),
        ({"metrics": "score"}, "Did you mean 'metric'"),
        ({"metric": "preference"}, "needs `design: interleaved`"),
        ({"design": "interleaved"}, "give two variants"),
        ({"design": "interleaved", "variants": TWO, "metric": "score"}, "no metric but preference"),
        (
            {
                "design": "interleaved",
                "variants": [
                    {"name": "a", "share": 50},
                    {"name": "b", "share": 50, "set": {"x": 1}},
                ],
            },
            "leave out `share`",
        ),
    ],
)
def test_a_plan_that_cannot_be_is_refused(fields: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        experiment(**fields)


def test_variants_without_shares_have_the_same() -> None:
    assert experiment(variants=TWO).spec.shares == {"usual": 50.0, "short": 50.0}


def test_an_interleaved_request_is_as_the_first_variant_has_it_against_the_second() -> None:
    variants = [
        {"name": "usual", "set": {"parameters": {"top_k": 3}}},
        {"name": "other", "set": {"question": "Who else?"}},
    ]
    spec = experiment(design="interleaved", variants=variants).spec
    assert spec.metric is Metric.PREFERENCE
    require_settable(spec, Asked)
    asked = Asked(question="Who?", passages=4)
    assert as_interleaved(asked, spec) == Asked(
        question="Who?",
        passages=4,
        parameters={"top_k": 3},
        against=Against(question="Who else?", parameters={}),
    )


def test_who_sets_a_ranking_against_another_takes_no_part() -> None:
    running = experiment(design="interleaved", variants=TWO)
    assert experiment_of(Asked(), [running]) is running
    assert experiment_of(Asked(against=Against(question="Mine?")), [running]) is None


@pytest.mark.parametrize(
    ("fields", "kind", "told"),
    [
        ({"question": "Who else?"}, Unranked, "design: 'answer' cannot be interleaved"),
        ({"passages": 3}, Asked, "short: against = .*unknown key 'passages'"),
    ],
)
def test_what_ranks_nothing_is_not_interleaved(
    fields: dict[str, object], kind: type[Request], told: str
) -> None:
    variants = [{"name": "usual"}, {"name": "short", "set": fields}]
    with pytest.raises(ExperimentSpecError, match=told):
        require_settable(experiment(design="interleaved", variants=variants).spec, kind)
