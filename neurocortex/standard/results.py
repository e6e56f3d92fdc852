"""What a flow run returned, as JSON."""

from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import MissingResult
from pydantic_core import to_json


class ResultError(Exception):
    """The result cannot be had: the flow does not persist it, or it is no JSON."""


async def read_result(run: FlowRun) -> bytes:
    """Fetch a completed run's result from wherever it was kept, as JSON.

    Raises:
        ResultError: it cannot be read; the text says why.
    """
    if run.state is None:
        raise ResultError("The run is gone.")
    try:
        return to_json(await run.state.aresult(raise_on_failure=False))
    except MissingResult:
        raise ResultError(
            "The flow kept no result. Give it `@flow(persist_result=True)`."
        ) from None
    except Exception as error:
        raise ResultError(
            f"Its result cannot be read ({type(error).__name__}: {error})."
        ) from error
