"""maintain-lake: old versions pruned, tables vacuumed, bloated indexes built anew."""

from typing import Annotated

from prefect import flow
from pydantic import Field

from neurocortex.domain.deployments import DEFAULT_BLOCK
from neurocortex.lake.maintenance import Done
from tasks.maintenance import count_waiting, maintain, plan_maintenance, publish_maintenance


@flow(
    name="maintain-lake",
    flow_run_name="maintain {lake}",
    description="Looks after the Lake: prunes, vacuums, and builds bloated indexes anew.",
    persist_result=True,
)
def maintain_lake(
    lake: Annotated[str, Field(min_length=1)] = DEFAULT_BLOCK,
) -> tuple[Done, ...]:
    """Look after the Lake while nobody waits: it stops between two steps when other runs do.

    What is left is done the next time. It may use three quarters of the cores, and 4 GB.

    Args:
        lake: Name of the Lake block.

    Raises:
        ConnectorError: the Lake does not answer.
    """
    steps = plan_maintenance(lake)
    done: list[Done] = []
    for step in steps:
        if done and count_waiting():
            break
        done.append(maintain(lake, step))
    publish_maintenance(done, steps[len(done) :])
    return tuple(done)
