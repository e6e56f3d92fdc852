"""What our engine overrides exists in Prefect's: else each run opens its own web socket again."""

import inspect
from dataclasses import fields

from prefect import flow_engine
from prefect.flow_engine import AsyncFlowRunEngine, BaseFlowRunEngine, FlowRunEngine

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
