"""A process that stands asks for a block now and then, and does without the API meanwhile."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

import blocks
from blocks import saved


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    saved.remember(0)


class Api:
    """Stands for Prefect's API, which these tests take away."""

    def __init__(self) -> None:
        self.reads = 0
        self.is_away = False
        self.url = "redis://first"

    def load(self, _name: str, *, _sync: bool) -> blocks.Stream:
        """Return the block."""
        self.reads += 1
        if self.is_away:
            raise httpx.ConnectError("nobody there")
        return blocks.Stream(url=SecretStr(self.url))


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    made = Api()
    monkeypatch.setattr(blocks.Stream, "load", made.load)
    return made


def address() -> Any:
    return saved.load(blocks.Stream, "default").url.get_secret_value()


def test_each_call_asks_unless_told_otherwise(api: Api) -> None:
    address()
    api.url = "redis://second"
    assert address() == "redis://second"
    assert api.reads == 2


def test_a_block_is_asked_for_once_in_a_while(api: Api) -> None:
    saved.remember(60)
    address()
    api.url = "redis://second"
    assert address() == "redis://first"
    assert api.reads == 1
    saved.remember(0.01)
    assert address() == "redis://second"
    time.sleep(0.02)
    api.url = "redis://third"
    assert address() == "redis://third"


def test_what_is_known_holds_while_the_api_is_away(api: Api) -> None:
    saved.remember(0.001)
    address()
    time.sleep(0.002)
    api.is_away = True
    assert address() == "redis://first"


def test_what_was_never_read_is_not_made_up(api: Api) -> None:
    saved.remember(60)
    api.is_away = True
    with pytest.raises(httpx.ConnectError):
        address()
