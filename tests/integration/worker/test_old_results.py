"""Where runs keep their results; and that old ones are deleted, unless their run goes on."""

import asyncio
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.filesystems import LocalFileSystem
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from prefect.states import Running

from neurocortex.embedded import ports
from neurocortex.worker.results import DefaultStorage, OldResults


@flow
def forecast() -> None:
    """Stand for any flow."""


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    folder = tmp_path / "storage"
    folder.mkdir()
    return folder


def write(folder: Path, *ages_in_days: int) -> None:
    for days in ages_in_days:
        result = folder / f"{days} days"
        result.write_text("{}")
        then = time.time() - 86_400 * days
        os.utime(result, (then, then))


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_results_are_deleted_after_their_time(prefect_server: str, storage: Path) -> None:
    write(storage, 1, 6, 8, 300)

    async def scenario() -> None:
        async with get_client() as client:
            assert await OldResults(client, storage, timedelta(days=7)).prune() == 2
            assert left(storage) == {"1 days", "6 days"}
            assert await OldResults(client, storage / "missing", timedelta(days=7)).prune() == 0

    with temporary_settings({PREFECT_API_URL: prefect_server}):
        asyncio.run(scenario())


def test_results_of_a_run_that_goes_on_are_kept(prefect_server: str, storage: Path) -> None:
    """However old they are: here everything is too old at once."""
    write(storage, 1)

    async def scenario() -> None:
        async with get_client() as client:
            await client.create_flow_run(forecast, state=Running())
            write(storage, 0)
            assert await OldResults(client, storage, timedelta(0)).prune() == 1
            assert left(storage) == {"0 days"}

    with temporary_settings({PREFECT_API_URL: prefect_server}):
        asyncio.run(scenario())


def test_results_are_in_files_unless_the_server_names_a_storage(
    prefect_server: str, storage: Path
) -> None:
    async def scenario() -> None:
        async with get_client() as client:
            known = DefaultStorage(client)
            assert await known.is_in_files()
            elsewhere = await LocalFileSystem(basepath=str(storage)).asave("elsewhere")
            await client.update_server_default_result_storage(elsewhere)
            try:
                assert not await DefaultStorage(client).is_in_files()
                assert await known.is_in_files(), "it was told a moment ago"
            finally:
                await client.clear_server_default_result_storage()

    with temporary_settings({PREFECT_API_URL: prefect_server}):
        asyncio.run(scenario())


def test_without_a_server_nothing_is_known_of_its_storage() -> None:
    async def scenario() -> None:
        async with get_client() as client:
            assert not await DefaultStorage(client).is_in_files()

    nowhere = {
        PREFECT_API_URL: f"http://127.0.0.1:{ports.free()}/api",
        PREFECT_CLIENT_MAX_RETRIES: 0,
    }
    with temporary_settings(nowhere):
        asyncio.run(scenario())
