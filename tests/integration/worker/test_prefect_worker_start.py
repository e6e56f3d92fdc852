"""`prefect worker start --type neurocortex`: Prefect's own command, for one pool."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from neurocortex.embedded.redis_server import RedisServer

if TYPE_CHECKING:
    from tests.integration.worker.conftest import Platform


def test_it_runs_what_is_due_once_and_ends(platform: "Platform", redis_server: RedisServer) -> None:
    pool = platform.make_pool("by-command")
    run = platform.start(platform.deploy("add", pool), numbers=[2])
    prefect = str(Path(sys.executable).with_name("prefect"))
    argv = (prefect, "worker", "start", "--type", "neurocortex", "--pool", pool, "--run-once")
    with platform.started(argv, redis_server.url(6), drain_s=60) as worker:
        assert worker.child.wait(150) == 0, worker.log.read_text()
        assert platform.result(run) == 4
        assert worker.leases() == ()
