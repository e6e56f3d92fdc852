"""Runs for the router to learn from: some really run in this process, some made up."""

import asyncio
import json
import multiprocessing
import random
import resource
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final, Literal
from uuid import uuid4

import numpy as np
import pyarrow as pa
from pyarrow import parquet
from pydantic import BaseModel, Field

from benchmarks._arrivals import Request as Arrival
from flows.pipelines.chat import PIPELINE as CHAT
from flows.pipelines.classify import PIPELINE as CLASSIFY
from flows.pipelines.echo import PIPELINE as ECHO
from flows.pipelines.extract import PIPELINE as EXTRACT
from flows.pipelines.summarise import PIPELINE as SUMMARISE
from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import DEFAULT_TENANT
from neurocortex.learning.features import features_of
from neurocortex.learning.finished import Finished
from neurocortex.learning.sampling import Sample
from neurocortex.realtime.batching import Limits
from neurocortex.realtime.call import Call
from neurocortex.realtime.lane_steps import LaneSteps
from neurocortex.realtime.processing import process
from neurocortex.realtime.running import TaskRunner
from neurocortex.realtime.threads import Threads
from neurocortex.requests.pipeline import Estimate, Pipeline
from neurocortex.requests.registry import AnyPipeline, Registry
from neurocortex.requests.request import Request
from neurocortex.requests.steps import Steps
from neurocortex.worker.job import Variables
from neurocortex.worker.zygote import BLOCK

TIMEOUT_S: Final = 30.0
TEXTS: Final = Path(__file__).parent.parent / "docs"
LONGEST_TEXT: Final = 60_000
CHARS_PER_TOKEN: Final = 4

FIRST_TOKEN_S: Final = 0.3
READ_PER_S: Final = 2000.0
WRITTEN_PER_S: Final = 40.0
NOISE: Final = 0.15
"""Standard deviation of the logarithm of a made-up time."""

CHARS_PER_WRITTEN: Final = 60
"""An extraction writes a token for so many characters of its text."""

MOST_ROWS: Final = 500_000
COLUMNS: Final = 8
ON_DISK: Final = "/var/tmp"  # noqa: S108 - `/tmp` may be memory
"""Where `spool` writes, and removes it."""

SCHEMA: Final = {"type": "object", "properties": {"names": {"type": "array"}}}

Body = Callable[[random.Random, str], dict[str, object]]


def real(count: int) -> list[Finished]:
    """Run so many requests of three operations, one after the other, as the real-time lane does.

    Texts are cut from this project's documentation.
    """
    return asyncio.run(_run(count))


def made_up(arrivals: Sequence[Arrival], count: int) -> list[Finished]:
    """Return runs of an LLM of a stated pace, without running any.

    Chats have the token counts of the arrivals; extractions read texts whose lengths are spread
    log-normally.
    """
    chance = random.Random(2)
    found = []
    for number in range(count):
        arrival = arrivals[number * len(arrivals) // count]
        message = "x" * (CHARS_PER_TOKEN * arrival.context)
        found.append(
            _of_llm(
                CHAT,
                {"operation": "chat", "messages": [{"role": "user", "content": message}]},
                arrival.context,
                arrival.generated,
                chance,
            )
        )
        text = "x" * min(90_000, round(chance.lognormvariate(9.5, 1.2)))
        found.append(
            _of_llm(
                EXTRACT,
                {"operation": "extract", "text": text, "json_schema": SCHEMA},
                len(text) // CHARS_PER_TOKEN,
                20 + len(text) // CHARS_PER_WRITTEN,
                chance,
            )
        )
    return [run.model_copy(update={"at": float(place)}) for place, run in enumerate(found)]


def _of_llm(
    pipeline: AnyPipeline, body: dict[str, object], read: int, written: int, chance: random.Random
) -> Finished:
    content = json.dumps(body)
    request = Registry([pipeline]).parse(content)
    seconds = FIRST_TOKEN_S + read / READ_PER_S + written / WRITTEN_PER_S
    return Finished(
        operation=pipeline.operation,
        features=features_of(pipeline, request, len(content)),
        seconds=seconds * chance.lognormvariate(0, NOISE),
        tokens=read + written,
        at=0.0,
    )


def forked(count: int) -> list[Finished]:
    """Run so many requests of three operations in processes of their own, as flow runs are.

    Each is forked from a process that has imported what they need. Its memory is what it had at
    most, less what it had at its start; what is reserved for it is the pools' default.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["benchmarks._router_runs", "sklearn.pipeline"])
    chance, text = random.Random(4), _texts()
    bodies: tuple[Body, ...] = (_summarise, _classify, _spool)
    found = []
    for number in range((count + 1) * len(bodies)):
        body = bodies[number % len(bodies)](chance, text)
        ours, theirs = context.Pipe()
        child = context.Process(target=_serve, args=(json.dumps(body), theirs))
        child.start()
        theirs.close()
        run = Finished.model_validate_json(ours.recv_bytes())
        child.join()
        ours.close()
        if number >= len(bodies):  # the first ones start the process that the others come from
            found.append(run.model_copy(update={"at": float(number)}))
    return found


def _serve(content: str, told: Connection) -> None:
    """Serve one request in this process, and say what that took."""
    registry = Registry([SUMMARISE, CLASSIFY, SPOOL])
    request = registry.parse(content)
    pipeline = registry[request.operation]
    before = resource.getrusage(resource.RUSAGE_SELF)
    cpu, began = time.process_time(), time.perf_counter()

    async def serve() -> None:
        with Threads(1) as threads:
            steps = LaneSteps(TaskRunner(threads, Limits(1, 0.0), None), DEFAULT_TENANT, None)
            call = Call(uuid4(), pipeline.operation, content.encode(), DEFAULT_TENANT, Tier.MEDIUM)
            await process(registry, call, steps, TIMEOUT_S, None, Sample())

    asyncio.run(serve())
    after = resource.getrusage(resource.RUSAGE_SELF)
    run = Finished(
        operation=f"{pipeline.operation}_flow_run",
        features=features_of(pipeline, request, len(content)),
        seconds=time.perf_counter() - began,
        cpu_s=time.process_time() - cpu,
        memory_mb=(after.ru_maxrss - before.ru_maxrss) / 1024,
        reserved_mb=Variables().memory,
        written_mb=(after.ru_oublock - before.ru_oublock) * BLOCK / 2**20,
        reserved_storage_mb=Variables().storage,
        at=0.0,
    )
    told.send_bytes(run.model_dump_json().encode())


async def _run(count: int) -> list[Finished]:
    chance, text = random.Random(1), _texts()
    registry = Registry([ECHO, SUMMARISE, CLASSIFY])
    bodies: tuple[Body, ...] = (_echo, _summarise, _classify)
    found: list[Finished] = []
    with Threads(4) as threads:
        steps = LaneSteps(TaskRunner(threads, Limits(64, 0.0), None), DEFAULT_TENANT, None)
        for number in range(count * len(bodies)):
            body = bodies[number % len(bodies)](chance, text)
            call = Call(
                uuid4(),
                str(body["operation"]),
                json.dumps(body).encode(),
                DEFAULT_TENANT,
                Tier.HIGH,
            )
            sample = Sample()
            await process(registry, call, steps, TIMEOUT_S, None, sample)
            if number >= 2 * len(bodies):  # the first ones import what they need
                found += sample.take()
    return found


class SpoolRequest(Request):
    """For rows in a file."""

    operation: Literal["spool"] = "spool"
    rows: int = Field(ge=1, le=MOST_ROWS)


class Spooled(BaseModel):
    """What came of it."""

    bytes: int


async def _spooled(request: SpoolRequest, steps: Steps) -> Spooled:
    del steps
    chance = np.random.default_rng(request.rows)
    columns = {f"column {number}": chance.random(request.rows) for number in range(COLUMNS)}
    with NamedTemporaryFile(dir=ON_DISK) as file:
        parquet.write_table(pa.table(columns), file)
        return Spooled(bytes=file.tell())


SPOOL: Final = Pipeline(
    operation="spool",
    family="ml",
    summary="Rows in a Parquet file.",
    request=SpoolRequest,
    result=Spooled,
    tier=Tier.LOW,
    estimate=lambda request: Estimate(seconds=1e-6 * request.rows),
    realtime=_spooled,
)


def _spool(chance: random.Random, text: str) -> dict[str, object]:
    del text
    return {"operation": "spool", "rows": round(1000 * (MOST_ROWS / 1000) ** chance.random())}


def _echo(chance: random.Random, text: str) -> dict[str, object]:
    return {"operation": "echo", "text": _cut(chance, text)}


def _summarise(chance: random.Random, text: str) -> dict[str, object]:
    sentences = chance.randint(1, 30)
    return {
        "operation": "summarise",
        "text": _cut(chance, text),
        "sentences": sentences,
        "llm": "",
    }


def _classify(chance: random.Random, text: str) -> dict[str, object]:
    labels = [f"label {number}" for number in range(chance.randint(2, 20))]
    examples = [
        {"text": _cut(chance, text, 300), "label": labels[number % len(labels)]}
        for number in range(chance.randint(3 * len(labels), 400))
    ]
    return {
        "operation": "classify",
        "text": _cut(chance, text, 2000),
        "labels": labels,
        "examples": examples,
        "llm": "",
    }


def _cut(chance: random.Random, text: str, longest: int = LONGEST_TEXT) -> str:
    """Return a part of a text; short ones are as likely as long ones, by their order of size."""
    size = round(30 * (longest / 30) ** chance.random())
    start = chance.randrange(max(1, len(text) - size))
    return text[start : start + size].strip() or "Nothing."


def _texts() -> str:
    return "\n\n".join(file.read_text() for file in sorted(TEXTS.rglob("*.md")))
