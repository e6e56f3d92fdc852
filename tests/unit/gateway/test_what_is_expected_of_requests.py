"""What finished runs say reaches the route of a request, and its record what they are made of."""

from typing import Any
from uuid import uuid4

from flows.pipelines.echo import PIPELINE as ECHO
from flows.pipelines.train import PIPELINE as TRAIN
from neurocortex.domain.deployments import Tier
from neurocortex.gateway.planning import Asking, Planned, Planner
from neurocortex.gateway.tracked import record_of
from neurocortex.learning.features import features_of
from neurocortex.requests.pipeline import Pipeline
from neurocortex.requests.registry import Registry
from neurocortex.requests.request import Request
from neurocortex.routing.route import Expectation
from neurocortex.security.principal import Principal
from neurocortex.security.roles import SCOPES, Role

ADMIN = Principal("key", "acme", Role.ADMIN, SCOPES[Role.ADMIN], Tier.CRITICAL, None, None)
TRAIN_BODY = b'{"operation": "train", "spec": "wine_cultivar"}'


def expect(pipeline: Pipeline[Any, Any], request: Request, size: int) -> Expectation | None:
    """Expect of an echo a second for each byte, of a training what its flow run takes."""
    if pipeline is TRAIN:
        return Expectation(300, cpu_s=7.5, memory_mb=180.0, storage_mb=12.0)
    return Expectation(300, float(size), 2.0 * size)


def planned(body: bytes) -> Planned:
    planner = Planner(Registry([ECHO, TRAIN]), lambda: None, expect)
    return planner.plan(Asking(uuid4(), ADMIN, body))


def test_what_is_expected_is_in_the_estimate_and_among_the_reasons() -> None:
    body = b'{"operation": "echo"}'
    found = planned(body).route
    assert found.estimate.seconds == len(body)
    assert "expected" in [reason.rule for reason in found.reasons]
    said = [each.text for each in planned(TRAIN_BODY).route.reasons if each.rule == "expected"]
    assert said == [
        "estimated from 300 runs: 7.5 s of processor time, p90 180 MB, p90 12 MB on disk"
    ]


def test_the_record_of_a_flow_run_has_the_sizes_of_its_request() -> None:
    asked = planned(TRAIN_BODY)
    record = record_of(asked)
    assert record.features == features_of(TRAIN, asked.request, len(TRAIN_BODY))
    assert (record.expected_cpu_s, record.expected_memory_mb) == (7.5, 180.0)
    assert record.expected_storage_mb == 12.0
    assert record_of(planned(b'{"operation": "echo"}')).features is None
