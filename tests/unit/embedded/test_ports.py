import os
import socket
from collections.abc import Iterator

import pytest

from neurocortex.embedded import ports
from neurocortex.errors import PortInUseError


@pytest.fixture
def held() -> Iterator[int]:
    """A port that this very process listens on."""
    with socket.socket() as listener:
        listener.bind((ports.HOST, 0))
        listener.listen()
        port: int = listener.getsockname()[1]
        yield port


def test_a_port_that_was_set_is_taken_when_it_is_free() -> None:
    wanted = ports.free()
    assert ports.choose("redis", wanted, last=None) == wanted


def test_a_port_that_was_set_and_is_held_is_refused_with_the_holder_and_the_setting(
    held: int,
) -> None:
    with pytest.raises(PortInUseError) as caught:
        ports.choose("redis", held, last=None)
    assert caught.value.port == held
    assert f"process {os.getpid()} " in caught.value.holder
    assert "NEUROCORTEX_PORTS__REDIS" in str(caught.value)


def test_zero_asks_for_any_free_port() -> None:
    chosen = ports.choose("prefect", 0, last=ports.USUAL["prefect"])
    assert chosen != ports.USUAL["prefect"]
    assert ports.is_free(chosen)


def test_the_last_port_is_kept_while_it_is_free() -> None:
    last = ports.free()
    assert ports.choose("postgres", None, last) == last


def test_without_a_setting_a_held_port_is_avoided(
    held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ports.USUAL, "postgres", held)
    chosen = ports.choose("postgres", None, last=held)
    assert chosen != held
    assert ports.is_free(chosen)


def test_a_port_with_nothing_but_closed_connections_is_free() -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as every server does
        listener.bind((ports.HOST, 0))
        listener.listen()
        port: int = listener.getsockname()[1]
        with socket.create_connection((ports.HOST, port)):
            accepted, _ = listener.accept()
            accepted.close()  # the side that closes first keeps the address for a minute
    assert ports.is_free(port)
