"""Prefect's own suite for blocks, on each of ours."""

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from threading import Thread

import pytest
from prefect.blocks.core import Block
from prefect.testing.standard_test_suites.blocks import BlockStandardTestSuite
from pydantic import HttpUrl

from blocks import Cache, Forge, Lake, LLMProvider, Stream


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture(scope="module")
def logo_server() -> Iterator[str]:
    """Serve the shipped logos, as the embedded Prefect server does."""
    folder = str(files("neurocortex.embedded") / "ui_assets")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("block", [Lake, Cache, Stream, Forge, LLMProvider])
class TestBlocks(BlockStandardTestSuite):
    @pytest.fixture(autouse=True)
    def _local_logo(
        self, block: type[Block], logo_server: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        logo = str(block._logo_url).rsplit("/", 1)[-1]
        monkeypatch.setattr(block, "_logo_url", HttpUrl(f"{logo_server}/{logo}"))

    # The suite declares `block` as a fixture; the parameter above takes its place.
    @pytest.fixture
    def block(self, request: pytest.FixtureRequest) -> type[Block]:
        kind: type[Block] = request.param
        return kind

    def test_its_slug_names_its_logo(self, block: type[Block]) -> None:
        assert str(block._logo_url).endswith(f"/{block.get_block_type_slug()}.png")
