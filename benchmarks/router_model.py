"""What the router learns from finished runs, beside the pipelines' own rules, on later runs.

Really run, one after the other in this process, as the real-time lane does: `echo`, `summarise` and
`classify` without an LLM, on texts of this project's documentation. Made up, and not run: `chat`
with the token counts of `--arrivals` (a CSV of the Azure LLM inference trace; without it made up as
well) and `extract`, by an LLM that reads 2,000 and writes 40 tokens per second. The last quarter
of the runs of each operation is held out.

Really run as well, each in a process of its own, as flow runs are: `summarise_flow_run`,
`classify_flow_run`, and `spool_flow_run`, which writes rows to a Parquet file. Of those the
processor time is learned (`cpu_pinball_loss`, in seconds at the median; the rule is the ledger's
mean of the last runs), the memory (`memory_pinball_loss`, in MB at p90; the rule is the job
variable `memory`) and the storage (`storage_pinball_loss`, in MB at p90; the rule is the job
variable `storage`, which is 0 unless somebody sets it). The first two write nothing, so there the
rule is right; the rows are spread evenly over the orders of size from 1,000 to 500,000, as tables
are.

`pinball_loss` is the mean over all held-out runs at the median, in seconds, as the platform serves:
what was learned where that is surely better, else the rule. `classifier_accuracy` is the share of
them whose length (up to 10 s, up to 30 s, longer) was foreseen so. `inference_us` is the processor
time that asking the model takes, its features included.
"""

import argparse
import random
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks import _arrivals
from benchmarks._postgres import say
from benchmarks._router_runs import forked, made_up, real
from flows.pipelines.chat import PIPELINE, ChatRequest
from neurocortex.domain.chat import ChatMessage
from neurocortex.learning.expecting import expecting
from neurocortex.learning.finished import Finished
from neurocortex.learning.model import OperationModel, RouterModel
from neurocortex.learning.training import learn

RUNS: Final = 600
"""Of each operation."""

FORKED: Final = 240
"""Of each operation that is run in processes of its own: they take longest."""

QUICK: Final = 2
LEAST_RUNS: Final = 200
ASKED: Final = 2000
TURNS: Final = 5


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    parser.add_argument("--arrivals", type=Path, help="token counts, as Azure publishes them")
    parser.add_argument("--quick", action="store_true", help="half of the runs")


def run(options: argparse.Namespace) -> dict[str, float | int | Mapping[str, float | int]]:
    """Measure, and return the figures by name."""
    count = RUNS // QUICK if options.quick else RUNS
    say("running requests")
    arrivals = _arrivals.read(options.arrivals) if options.arrivals else _arrivals.make()
    runs: defaultdict[str, list[Finished]] = defaultdict(list)
    for each in [*real(count), *made_up(arrivals, count), *forked(FORKED)]:
        runs[each.operation].append(each)
    say("learning")
    model = learn(runs, "benchmark", LEAST_RUNS, datetime.now(UTC))
    return {
        "classifier_accuracy": _mean(model, runs, "length", "learned"),
        "rules_accuracy": _mean(model, runs, "length", "rule"),
        "pinball_loss": _mean(model, runs, "seconds", "learned"),
        "rules_pinball_loss": _mean(model, runs, "seconds", "rule"),
        "cpu_pinball_loss": _mean(model, runs, "cpu_s", "learned"),
        "rules_cpu_pinball_loss": _mean(model, runs, "cpu_s", "rule"),
        "memory_pinball_loss": _mean(model, runs, "memory_mb", "learned"),
        "rules_memory_pinball_loss": _mean(model, runs, "memory_mb", "rule"),
        "storage_pinball_loss": _mean(model, runs, "storage_mb", "learned"),
        "rules_storage_pinball_loss": _mean(model, runs, "storage_mb", "rule"),
        "inference_us": _inference_us(model),
        "serves": bool(model.serving),
        **{name: _of(each) for name, each in model.operations.items()},
    }


def _of(learned: OperationModel) -> dict[str, float | int]:
    seconds, length = learned.verdicts["seconds"], learned.verdicts["length"]
    needs = {
        figure: value
        for what, name in (("cpu_s", "cpu"), ("memory_mb", "memory"), ("storage_mb", "storage"))
        if (verdict := learned.verdicts.get(what)) is not None
        for figure, value in (
            (f"{name}_pinball_loss", verdict.learned),
            (f"rules_{name}_pinball_loss", verdict.rule),
            (f"{name}_serves", verdict.serves),
        )
    }
    return {
        "pinball_loss": seconds.learned,
        "rules_pinball_loss": seconds.rule,
        "estimator_serves": seconds.serves,
        "classifier_accuracy": length.learned,
        "rules_accuracy": length.rule,
        "classifier_serves": length.serves,
        **needs,
    }


def _mean(
    model: RouterModel, runs: Mapping[str, Sequence[Finished]], what: str, whose: str
) -> float:
    """Return the mean over all held-out runs; what does not serve is replaced by the rule."""
    total, count = 0.0, 0
    for name, learned in model.operations.items():
        verdict = learned.verdicts.get(what)
        if verdict is None:
            continue
        held_out = len(runs[name]) - learned.runs
        is_learned = whose == "learned" and verdict.serves
        total += held_out * (verdict.learned if is_learned else verdict.rule)
        count += held_out
    return total / count


def _inference_us(model: RouterModel) -> float:
    expect, chance = expecting(model), random.Random(3)
    sizes = [chance.randint(1000, 20_000) for _ in range(ASKED)]
    asked = [
        (ChatRequest(messages=(ChatMessage(role="user", content="x" * size),)), size + 80)
        for size in sizes
    ]
    turns = []
    for _ in range(TURNS):
        began = time.process_time()
        for request, size in asked:
            expect(PIPELINE, request, size)
        turns.append((time.process_time() - began) / ASKED)
    return 1e6 * median(turns)
