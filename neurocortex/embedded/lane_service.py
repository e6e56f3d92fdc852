"""A process of the real-time lane as something to start and watch."""

import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from uuid import uuid4

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from neurocortex.embedded.process import Command
from neurocortex.embedded.service import Service
from neurocortex.realtime import layout

NAME: Final = "lane"

MODULE: Final = "flows.serve_realtime"
"""Run as a child process: the core imports no flow."""

TIMEOUT_S: Final = 2.0


class LaneService:
    """`flows.serve_realtime` with the environment it needs."""

    def __init__(
        self, environment: Mapping[str, str], log: Path, redis_url: str, name: str = NAME
    ) -> None:
        self._environment = environment
        self._log = log
        self._redis_url = redis_url
        self._consumer = ""
        self._name = name

    def service(self) -> Service:
        """Return it as something to start and watch."""
        return Service(
            name=self._name,
            command=self._command,
            is_ready=self._is_alive,
            # Requests that go on have some seconds to end; another process redoes the others.
            stop_signal=signal.SIGTERM,
            log=self._log,
            port=None,
            address="",
        )

    def _command(self) -> Command:
        self._consumer = f"{socket.gethostname()}-{uuid4().hex[:8]}"
        return Command(
            argv=(sys.executable, "-m", MODULE, self._consumer),
            environment=self._environment,
            log=self._log,
            # Its Redis dies with us: nothing could be answered any more.
            death_signal=signal.SIGKILL,
        )

    def _is_alive(self) -> bool:
        """Tell whether the process has begun to read since this start."""
        at_once = Retry(NoBackoff(), 0)  # who asks, asks again
        try:
            with redis.Redis.from_url(
                self._redis_url, socket_timeout=TIMEOUT_S, retry=at_once
            ) as client:
                return bool(client.exists(f"{layout.NAMESPACE}:{layout.alive(self._consumer)}"))
        except redis.RedisError:
            return False
