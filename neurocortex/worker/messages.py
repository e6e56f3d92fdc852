"""What the worker and its zygote say to each other: one JSON object per packet.

The socket is a pair of SOCK_SEQPACKET ends that only the two hold, so packets are whole, in order
and trusted.
"""

import json
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

SUCCESSOR: Final = "-"
"""In the place of a module to import ahead: see `zygote`."""

MAX_PACKET: Final = 1 << 20
"""An environment of a megabyte is more than the kernel takes at `exec`."""


@dataclass(frozen=True, slots=True)
class Start:
    """Fork a process for a flow run."""

    run: str
    """Id of the flow run."""
    module: str
    """What to run there, as `python -m` would; empty: `arguments` are a command."""
    environment: Mapping[str, str]
    folder: str
    """Working directory."""
    cores: int
    """On how many cores it may run; 0: on any."""
    quiet: bool
    """Whether to drop what it prints."""
    arguments: tuple[str, ...] = ()
    """What follows the module's name in `sys.argv`."""
    entrance: str = ""
    """A file of the cgroup it is to be in, `cgroup.procs`; empty: it stays in the zygote's."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The zygote has imported what it was told to."""

    memory_mb: float
    """Resident memory of the zygote, most of which its children share."""
    seconds: float
    """How long the imports took."""


@dataclass(frozen=True, slots=True)
class Started:
    """A process runs."""

    run: str
    pid: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A process ended."""

    run: str
    pid: int
    status: int
    """Exit code; below 0 the signal that ended it."""
    cpu_s: float
    """Of the process and those of its children it has waited for."""
    peak_mb: float
    """Largest resident memory of the process."""
    written_mb: float
    """What it wrote to disks, and those of its children it has waited for."""


Event = Ready | Started | Ended
_EVENTS: Final[Mapping[str, type[Event]]] = {
    kind.__name__: kind for kind in (Ready, Started, Ended)
}


def encode(message: Start | Event) -> bytes:
    """Return a message as a packet."""
    return json.dumps([type(message).__name__, asdict(message)]).encode()


def decode_start(packet: bytes) -> Start:
    """Return the order in a packet."""
    _, fields = json.loads(packet)
    return Start(**{**fields, "arguments": tuple(fields["arguments"])})


def decode_event(packet: bytes) -> Event:
    """Return the event in a packet."""
    name, fields = json.loads(packet)
    return _EVENTS[name](**fields)


def pair() -> tuple[socket.socket, socket.socket]:
    """Return the two ends of a connection."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MAX_PACKET)
    return ends
