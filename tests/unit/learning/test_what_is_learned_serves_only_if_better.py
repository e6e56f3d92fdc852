"""What is learned from runs, and that the rule serves unless that is better on later ones."""

import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sklearn.tree import DecisionTreeRegressor

from neurocortex.learning import judging
from neurocortex.learning.expecting import expectation
from neurocortex.learning.finished import Finished
from neurocortex.learning.forest import Forest, Tree
from neurocortex.learning.model import OperationModel
from neurocortex.learning.report import report_of
from neurocortex.learning.training import learn
from neurocortex.routing.route import Length

NOW = datetime(2030, 1, 1, tzinfo=UTC)
RUNS = 400


def runs_of(
    seconds: Callable[[float], float], count: int = RUNS, rule: float = 0.001, seed: int = 0
) -> list[Finished]:
    """Return runs whose rule says so many seconds for each of their rows, and what they took."""
    chance = random.Random(seed)
    found = []
    for number in range(count):
        rows = float(chance.randint(1, 1000))
        took = seconds(rows) * chance.lognormvariate(0, 0.2)
        features = {"rule_s": rule * rows, "rule_tokens": 100.0, "bytes": 10 * rows, "rows": rows}
        found.append(
            Finished(
                operation="count", features=features, seconds=took, tokens=int(rows), at=number
            )
        )
    return found


def learned(runs: Sequence[Finished], least_runs: int = 200) -> OperationModel:
    return learn({"count": runs}, "1.0", least_runs, NOW).operations["count"]


def features(rows: float) -> dict[str, float]:
    return {"rule_s": 0.001 * rows, "rule_tokens": 100.0, "bytes": 10 * rows, "rows": rows}


def test_a_rule_that_is_wrong_is_corrected() -> None:
    model = learned(runs_of(lambda rows: 0.005 * rows))
    said = expectation(model, features(600))
    assert said is not None
    assert said.seconds == pytest.approx(3.0, rel=0.2)
    assert said.late_s == pytest.approx(3.0 * 1.29, rel=0.25)  # p90 of the noise
    assert said.tokens == pytest.approx(600, rel=0.2)
    assert said.length is None  # the rule is right about it: all are short
    assert said.runs == RUNS * 3 // 4


def test_a_rule_that_is_right_goes_on() -> None:
    model = learned(runs_of(lambda rows: 0.001 * rows))
    assert model.seconds is None
    assert "the rule serves" in model.verdicts["seconds"].reason


def test_lengths_that_no_rule_foresees_are_learned() -> None:
    model = learned(runs_of(lambda rows: 40.0 if rows > 500 else 20.0 if rows > 200 else 1.0))
    said = [expectation(model, features(rows)) for rows in (900, 300, 100)]
    found = [each.length for each in said if each is not None]
    assert found == [Length.LONG, Length.MIDDLE, Length.SHORT]


def flow_runs(
    memory_mb: Callable[[float], float], cpu_s: Callable[[float], float], seed: int = 1
) -> list[Finished]:
    """Return runs for each of which 512 MB were reserved, and what they took by their rows."""
    chance = random.Random(seed)
    found = []
    for run in runs_of(lambda rows: 0.001 * rows):
        rows = run.features["rows"]
        found.append(
            run.model_copy(
                update={
                    "cpu_s": cpu_s(rows) * chance.lognormvariate(0, 0.2),
                    "memory_mb": memory_mb(rows) * chance.lognormvariate(0, 0.1),
                    "reserved_mb": 512.0,
                }
            )
        )
    return found


def test_what_flow_runs_take_is_learned_by_their_sizes() -> None:
    model = learned(flow_runs(lambda rows: 20 + 0.2 * rows, lambda rows: 0.01 * rows))
    said = [expectation(model, features(rows)) for rows in (100, 900)]
    small, large = [each for each in said if each is not None]
    assert small.cpu_s == pytest.approx(1.0, rel=0.3)
    assert large.cpu_s == pytest.approx(9.0, rel=0.3)
    assert small.memory_mb == pytest.approx(40 * 1.14, rel=0.25)  # p90 of the noise
    assert large.memory_mb == pytest.approx(200 * 1.14, rel=0.25)
    assert "kept to it" in model.verdicts["memory_mb"].reason


@pytest.mark.parametrize(
    ("written_mb", "reserved_mb", "serves"),
    [
        (lambda rows: 0.5 * rows, 0.0, True),
        (lambda rows: 0.5 * rows, 500.0, True),
        (lambda _: 0.1, 0.0, False),
        (lambda _: 90.0, 100.0, False),
    ],
    ids=["nothing is reserved", "all have the most", "next to nothing", "as is reserved"],
)
def test_what_flow_runs_write_serves_where_it_is_better_than_what_is_reserved(
    written_mb: Callable[[float], float], reserved_mb: float, serves: bool
) -> None:
    chance = random.Random(3)
    model = learned(
        [
            run.model_copy(
                update={
                    "written_mb": written_mb(run.features["rows"]) * chance.lognormvariate(0, 0.1),
                    "reserved_storage_mb": reserved_mb,
                }
            )
            for run in runs_of(lambda rows: 0.001 * rows)
        ]
    )
    assert model.verdicts["storage_mb"].serves is serves
    said = expectation(model, features(900))
    assert (said is not None and said.storage_mb is not None) is serves
    if said is not None and said.storage_mb is not None:
        assert said.storage_mb == pytest.approx(450 * 1.14, rel=0.25)  # p90 of the noise


def test_what_flow_runs_take_by_chance_or_by_reservation_is_left_to_the_rules() -> None:
    """No size says what it takes, and what is reserved is what nine in ten keep to."""
    model = learned(flow_runs(lambda _: 450.0, lambda _: 1.0))
    assert model.memory_mb is None
    assert "the rule serves" in model.verdicts["memory_mb"].reason
    drifted = [
        run.model_copy(update={"cpu_s": 5.0} if number >= RUNS * 3 // 4 else {})
        for number, run in enumerate(flow_runs(lambda _: 450.0, lambda _: 1.0))
    ]
    assert learned(drifted).cpu_s is None


def test_runs_whose_worker_told_nothing_teach_times_only() -> None:
    model = learned(runs_of(lambda rows: 0.005 * rows))
    assert {"cpu_s", "memory_mb"}.isdisjoint(model.verdicts)
    assert model.seconds is not None


def test_of_a_request_unlike_all_that_were_seen_nothing_is_said() -> None:
    model = learned(runs_of(lambda rows: 0.005 * rows))
    assert expectation(model, features(5000)) is None
    assert expectation(model, {"rule_s": 0.1, "rule_tokens": 100.0}) is None


def test_too_few_runs_teach_nothing_and_it_is_said() -> None:
    model = learn({"count": runs_of(lambda rows: rows, count=150)}, "1.0", 200, NOW)
    assert model.serving == ()
    report = report_of(model, is_used=True).operations[0]
    assert report.serves == ()
    assert report.reasons == ("150 runs: it takes 200 to learn from",)


def test_what_changed_since_it_was_learned_does_not_serve() -> None:
    """The first three quarters teach what the last quarter contradicts."""
    runs = runs_of(lambda rows: 0.010 * rows, count=300) + runs_of(lambda rows: 0.001 * rows, 100)
    model = learned(runs)
    assert model.seconds is None


@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(0.05, 0.95))
def test_the_pinball_loss_is_least_at_the_truth(actual: float, said: float, share: float) -> None:
    assert judging.pinball(actual, actual, share) == 0
    assert judging.pinball(actual, said, share) >= 0


def test_what_is_better_by_chance_only_does_not_serve() -> None:
    even = [1.0, -1.0] * 50
    by_luck = judging.by_loss("loss", [0.0] * 101, [*even, 0.5], "")
    assert by_luck.learned < by_luck.rule
    assert not by_luck.serves
    assert judging.by_loss("loss", [0.0] * 100, [0.9, 1.1] * 50, "").serves


def test_arrays_say_what_scikit_learn_says() -> None:
    chance = np.random.default_rng(3)
    table = chance.random((500, 4))
    target = table[:, 0] * 3 + (table[:, 1] > 0.5)
    fitted = DecisionTreeRegressor(max_depth=6, random_state=0).fit(table, target)
    nodes = fitted.tree_
    is_leaf = nodes.children_left == -1
    columns = (
        np.where(is_leaf, -1, nodes.feature).tolist(),
        nodes.threshold.tolist(),
        nodes.children_left.tolist(),
        nodes.children_right.tolist(),
    )
    tree = Tree(
        nodes=tuple(zip(*columns, strict=True)),
        values=tuple((float(nodes.value[at][0][0]),) for at in range(nodes.node_count)),
    )
    rows = chance.random((200, 4)).astype(np.float32)
    said = [Forest(trees=(tree,)).mean([float(each) for each in row])[0] for row in rows]
    assert said == pytest.approx(fitted.predict(rows))


@pytest.mark.parametrize(
    ("nodes", "values"),
    [
        ([(0, 0.5, 0, 0)], [()]),
        ([(-1, 0.0, -1, -1)], [()]),
        ([(-1, 0.0, -1, -1)], [(1.0,), (1.0,)]),
    ],
    ids=["a walk in a circle", "a leaf that says nothing", "values of no node"],
)
def test_a_tree_in_which_a_walk_would_not_end_is_refused(
    nodes: list[tuple[int, float, int, int]], values: list[tuple[float, ...]]
) -> None:
    with pytest.raises(ValidationError):
        Tree.model_validate({"nodes": nodes, "values": values})


def test_a_gateway_asks_it_without_scikit_learn() -> None:
    code = (
        "import sys, neurocortex.learning.watching;"
        " print(sorted({'sklearn', 'mlflow'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
