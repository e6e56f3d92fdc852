"""What our engine overrides exists in Prefect's, and what it is told saves the calls it should."""

import inspect
from dataclasses import fields
from pathlib import Path
from uuid import UUID

import pytest
from prefect import flow, flow_engine
from prefect.filesystems import LocalFileSystem
from prefect.flow_engine import AsyncFlowRunEngine, BaseFlowRunEngine, FlowRunEngine
from prefect.results import ResultStore, get_result_store
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_DEFAULT_RESULT_STORAGE_BLOCK,
    PREFECT_LOCAL_STORAGE_PATH,
    temporary_settings,
)

from neurocortex.worker import engine

HOOK = "setup_flow_run_suspension_request"


def test_prefects_engines_ask_the_base_class_for_their_suspension_request() -> None:
    assert HOOK in vars(BaseFlowRunEngine)
    for each in (FlowRunEngine, AsyncFlowRunEngine):
        assert HOOK not in vars(each)
        assert f"self.{HOOK}()" in inspect.getsource(each.start)
        assert "_flow_run_suspension_request" in {field.name for field in fields(each)}


def test_ours_comes_before_prefects() -> None:
    for each in (engine._Engine, engine._AsyncEngine):
        assert getattr(each, HOOK) is vars(engine._ToldOfSuspension)[HOOK]


def test_only_that_method_observes_suspensions() -> None:
    """Were the observer started elsewhere, ours would be a second one."""
    source = inspect.getsource(flow_engine)
    assert source.count("observe_flow_run_suspension(") == 1
    assert "observe_flow_run_suspension(" in inspect.getsource(getattr(BaseFlowRunEngine, HOOK))


@flow
def plain() -> None:
    """Say nothing of results."""


@flow(persist_result=True, result_storage=Path("/elsewhere"))
def particular() -> None:
    """Say where they are kept."""


def test_an_engine_that_is_told_where_results_are_asks_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prefect's would ask the server once for the storage and once for whether to persist."""

    def ask() -> UUID:
        raise AssertionError("It asked the server.")

    monkeypatch.setattr("prefect.results._read_server_default_result_storage_block_id", ask)
    with pytest.raises(AssertionError):
        get_result_store().update_for_flow(plain, _sync=True)  # type: ignore[call-arg]
    nowhere = {PREFECT_API_URL: "http://127.0.0.1:1/api", PREFECT_LOCAL_STORAGE_PATH: tmp_path}
    with temporary_settings(nowhere):
        told = engine._with_results_in_files(plain)
        store = get_result_store().update_for_flow(told, _sync=True)  # type: ignore[call-arg]
    assert isinstance(store, ResultStore)
    assert isinstance(store.result_storage, LocalFileSystem)
    assert store.result_storage.basepath == str(tmp_path)
    assert told.persist_result is False
    assert (plain.persist_result, plain.result_storage) == (None, None)


def test_what_a_flow_or_a_setting_says_of_results_holds() -> None:
    told = engine._with_results_in_files(particular)
    assert (told.persist_result, told.result_storage) == (True, Path("/elsewhere"))
    with temporary_settings({PREFECT_DEFAULT_RESULT_STORAGE_BLOCK: "local-file-system/mine"}):
        assert engine._with_results_in_files(plain) is plain
