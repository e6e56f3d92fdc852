"""A batch in a warm process of a real worker, with all that its items need there."""

import json
from typing import TYPE_CHECKING
from uuid import uuid4

import orjson
from prefect.settings import PREFECT_API_URL, temporary_settings
from pydantic import SecretStr

import blocks
from neurocortex.batches.store import BatchTable
from neurocortex.batches.values import Counts, Item, Reading

if TYPE_CHECKING:
    from tests.integration.worker.conftest import Platform, Worker

LAKE = "of-batches"
TEXTS = [f"Text {number} is about tiers, caches and lakes." for number in range(20)]


def item(line: int, **request: object) -> Item:
    body = json.dumps({"collection": "batched", "lake": LAKE, **request}).encode()
    return Item(line, str(request["operation"]), body)


def test_items_find_the_lake_and_share_its_model(platform: "Platform", main: "Worker") -> None:
    with temporary_settings({PREFECT_API_URL: platform.api_url}):
        blocks.Lake(url=SecretStr(platform.database_url)).save(LAKE, overwrite=True)
    run_batch = platform.deploy(
        "run_batch", "main", entrypoint="flows.run_batch.run_batch", memory=1024
    )
    documents = [{"source": text, "text": text} for text in TEXTS]
    upserting = [item(1, operation="upsert", documents=documents)]
    embedding = [item(line, operation="embed", texts=[f"cache {line}"]) for line in range(1, 101)]
    with BatchTable(platform.database_url) as table:
        for items in (upserting, embedding):
            batch = uuid4()
            table.create(batch, "acme", Reading(items, [], 0.1))
            run = platform.start(run_batch, batch=batch)
            platform.reaches(run, "Completed", log=main.log)
            total = len(items)
            assert table.counts(batch, "acme") == Counts(total=total, completed=total, failed=0)
        found = [orjson.loads(each.content) for each in table.outcomes(batch, 0, 100)]
    assert all(len(each["vectors"]) == 1 for each in found)
    assert len({each["version"] for each in found}) == 1
