"""Five times as many requests as can be served, of all tiers and several tenants, in an open loop.

The operation waits, as for a provider, so that the lane's slots are what is short. A part of the
requests wants an id instead of the answer; each accepted one is looked up by its id afterwards.
Half of what can be served comes before and after the overload. A shed tier is let in again after
30 s without load (`--quick`: 2 s), which `recovery_s` includes; where others use more than 85 % of
the machine's processors, low requests are shed for that, and it is as long as was looked.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import httpx

from benchmarks._http_load import Shot, fire
from benchmarks._open_load import Kind, Outcome, Phase, Plan, send
from benchmarks._overload_report import (
    Times,
    accepted_ids,
    code_of,
    is_let_in,
    is_lost,
    is_typed,
    p99,
    recovery_s,
    tier_of,
)
from benchmarks._postgres import say
from benchmarks._served import Served, served
from neurocortex.domain.deployments import Tier

PIPELINES: Final = ("benchmarks._slow",)

TIMES: Final = 5.0
"""The overload, as a multiple of what was served."""

USUAL: Final = 0.5
"""What comes before and after it, as a share of the same."""

WEIGHTS: Final = {Tier.CRITICAL: 0.1, Tier.HIGH: 0.2, Tier.MEDIUM: 0.3, Tier.LOW: 0.4}
TENANTS: Final = ("one", "two", "three", "four")
NOT_WAITING: Final = 0.2
"""Part of the requests that want an id."""

CLIENTS: Final = 150
"""Of the measurement of what can be served: more than the lane works on at once."""

BEFORE_S: Final = 5.0
FINAL: Final = frozenset({"completed", "failed", "cancelled"})
END_TIMEOUT_S: Final = 60.0


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--seconds", type=float, help="of overload; 30, quick: 8")
    parser.add_argument("--work-ms", type=float, default=500.0, help="that each request waits")
    parser.add_argument("--quick", action="store_true")


def run(options: argparse.Namespace) -> Mapping[str, float | Mapping[str, float]]:
    """Measure; `critical_p99_ms` is of those that were let in while it lasted, work included."""
    overload_s = options.seconds or (8.0 if options.quick else 30.0)
    shed_s = 2.0 if options.quick else 30.0
    after_s = shed_s + 15.0
    settings = {
        "NEUROCORTEX_ADMISSION__SHED_FOR_S": str(shed_s),
        # Admission is what is to refuse; rates are asked all the same.
        **{f"NEUROCORTEX_RATES__{name}": "100000" for name in ("PER_S", "BURST")},
        **{f"NEUROCORTEX_RATES__TENANT_{name}": "100000" for name in ("PER_S", "BURST")},
    }
    with served(PIPELINES, settings) as at:
        headers = {tenant: at.headers(tenant) for tenant in TENANTS}
        say("what can be served")
        body = json.dumps({"operation": "slow", "seconds": options.work_ms / 1000})
        shot = Shot(f"{at.url}/v1/requests", CLIENTS, 4.0, 1.0, "POST", headers["one"], body)
        capacity = fire(shot).per_s
        times = Times(BEFORE_S, BEFORE_S + overload_s, BEFORE_S + overload_s + after_s)
        phases = (
            Phase(USUAL * capacity, BEFORE_S),
            Phase(TIMES * capacity, overload_s),
            Phase(USUAL * capacity, after_s),
        )
        say(f"{capacity:.0f}/s; {TIMES:g} times as many for {overload_s:g} s")
        kinds = list(_kinds(headers, options.work_ms / 1000))
        outcomes = send(Plan(f"{at.url}/v1/requests", kinds, phases))
        lost = sum(map(is_lost, outcomes)) + _unended(at, headers, outcomes)
        return {"capacity_per_s": capacity, **_figures(outcomes, times), "accepted_lost": lost}


def _figures(outcomes: Sequence[Outcome], times: Times) -> dict[str, float | Mapping[str, float]]:
    during = [each for each in outcomes if times.began <= each.at < times.ended]
    refused = [each for each in outcomes if not is_let_in(each) and not is_lost(each)]
    critical = [each.ms for each in during if tier_of(each) == Tier.CRITICAL and each.status == 200]
    let_in = [each for each in during if is_let_in(each)]
    counts: dict[str, float] = {}
    for tier in Tier:
        of_tier = [each for each in during if tier_of(each) == tier]
        accepted = sum(map(is_let_in, of_tier))
        counts[f"{tier}_accepted"] = accepted
        counts[f"{tier}_rejected"] = len(of_tier) - accepted
    return {
        "offered_per_s": len(during) / (times.ended - times.began),
        "goodput_per_s": len(let_in) / (times.ended - times.began),
        "critical_p99_ms": p99(critical),
        "rejected_untyped": sum(not is_typed(each) for each in refused),
        "recovery_s": recovery_s(outcomes, times),
        "tiers": counts,
        "rejected": dict(Counter(map(code_of, refused))),
    }


def _kinds(headers: Mapping[str, Mapping[str, str]], seconds: float) -> Iterator[Kind]:
    for tier, weight in WEIGHTS.items():
        body = json.dumps({"operation": "slow", "tier": tier.value, "seconds": seconds})
        for tenant, own in headers.items():
            share = weight / len(headers)
            waiting = tuple(own.items())
            yield Kind(f"{tier}/{tenant}/waits", share * (1 - NOT_WAITING), waiting, body)
            not_waiting = (*waiting, ("Prefer", "respond-async"))
            yield Kind(f"{tier}/{tenant}/leaves", share * NOT_WAITING, not_waiting, body)


def _unended(
    at: Served, headers: Mapping[str, Mapping[str, str]], outcomes: Sequence[Outcome]
) -> int:
    """Return how many of the requests that were accepted cannot be read as ended."""
    say("looking up what was accepted")
    unended = 0
    deadline = time.monotonic() + END_TIMEOUT_S
    for tenant, own in headers.items():
        mine = [each for each in outcomes if each.kind.split("/")[1] == tenant]
        with httpx.Client(base_url=at.url, headers=dict(own), trust_env=False) as client:
            for number in accepted_ids(mine):
                while not _has_ended(client, number):
                    if time.monotonic() > deadline:
                        unended += 1
                        break
                    time.sleep(0.1)
    return unended


def _has_ended(client: httpx.Client, number: str) -> bool:
    answer = client.get(f"/v1/requests/{number}")
    return answer.status_code == 200 and answer.json()["state"] in FINAL
