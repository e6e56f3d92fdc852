"""Start a child process that logs to a file, dies with us, and can be ended for certain."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import psutil

LAUNCHER: Final = Path(__file__).with_name("launch.py")

POLL_S: Final = 0.02
"""How often a process is asked whether it has ended: ending takes a few milliseconds."""


class Account(NamedTuple):
    """The user a child runs as."""

    uid: int
    gid: int
    name: str


@dataclass(frozen=True, slots=True)
class Command:
    """What to run, and how."""

    argv: tuple[str, ...]
    """Program (an absolute path) and arguments. Never a secret: every user can read them."""
    environment: Mapping[str, str]
    """The whole environment of the child."""
    log: Path | None
    """Gets the child's output, appended; None lets the child write to our own output."""
    death_signal: signal.Signals = signal.SIGTERM
    """What the kernel sends it when this process dies (Linux)."""
    account: Account | None = None
    """Run as this user; None runs it as ours."""
    folder: Path = Path("/")
    """What the account must be able to write to."""
    input: bytes = b""
    """What the child reads on its standard input: the place for secrets."""


def spawn(command: Command) -> subprocess.Popen[bytes]:
    """Start the command in a session of its own.

    Ctrl-C in the terminal then reaches this process only, which stops its children in order.
    Call it from the main thread: the death signal comes when the *thread* that forked ends.
    """
    account = "-" if command.account is None else f"{command.account.uid}:{command.account.gid}"
    launcher = (
        *(sys.executable, "-I", "-S", str(LAUNCHER)),
        *(str(os.getpid()), str(int(command.death_signal)), account, str(command.folder)),
    )
    with ExitStack() as open_files:
        output = open_files.enter_context(command.log.open("ab")) if command.log else None
        child = subprocess.Popen(
            [*launcher, *command.argv],
            env=dict(command.environment),
            stdin=subprocess.PIPE if command.input else subprocess.DEVNULL,
            stdout=output,
            stderr=output and subprocess.STDOUT,
            start_new_session=True,
        )
    if child.stdin is not None:
        with child.stdin as pipe:
            pipe.write(command.input)
    return child


def stop(child: subprocess.Popen[bytes], how: signal.Signals, timeout_s: float) -> None:
    """Ask the child to end; kill it, and what it started, when it does not within `timeout_s`."""
    offspring = descendants(child.pid)
    if child.poll() is None:
        child.send_signal(how)
        try:
            child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    end(offspring, timeout_s=0)


def descendants(pid: int) -> list[psutil.Process]:
    """Return the children of a process, and theirs, as far as they still exist."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def end(processes: list[psutil.Process], timeout_s: float) -> None:
    """Give the processes `timeout_s` to end after SIGTERM, then kill those that are left.

    psutil compares creation times before each signal: a recycled pid is never hit.
    """
    if timeout_s > 0:
        for process in processes:
            _signal(process, signal.SIGTERM)
        _, processes = psutil.wait_procs(processes, timeout=timeout_s)
    for process in processes:
        _signal(process, signal.SIGKILL)
    psutil.wait_procs(processes, timeout=5)


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log."""
    try:
        text = log.read_bytes()[-8192:].decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def wait_until_gone(process: psutil.Process, timeout_s: float) -> bool:
    """Tell whether a process that is no child of ours ended within the time."""
    deadline = time.monotonic() + timeout_s
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True
