"""Each block says in one sentence what is wrong with its neighbour."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from pydantic import SecretStr, ValidationError

from blocks import Cache, Forge, Lake, LLMProvider, Stream

NOBODY = "127.0.0.1:9"
"""The discard port: nothing listens there."""


class _Provider(BaseHTTPRequestHandler):
    """Speaks the part of the OpenAI and MLflow protocols that checks use."""

    def do_GET(self) -> None:
        if self.headers.get("Authorization") not in ("Bearer right", None):
            self.send_response(401)
            body = b"{}"
        elif self.path == "/v1/models":
            self.send_response(200)
            body = json.dumps({"object": "list", "data": [{"id": "small"}]}).encode()
        elif self.path.startswith("/api/2.0/mlflow/registered-models/search"):
            self.send_response(200)
            body = b"{}"
        else:
            self.send_response(404)
            body = b"{}"
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _Provider)
    thread = Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    httpd.server_close()
    thread.join()


@pytest.mark.parametrize("kind", [Cache, Stream])
def test_a_redis_that_is_not_there_is_named(kind: type[Cache] | type[Stream]) -> None:
    complaint = kind(url=SecretStr(f"redis://:hidden@{NOBODY}/0")).check()
    assert complaint is not None
    assert NOBODY in complaint
    assert "hidden" not in complaint


def test_a_lake_that_is_not_there_is_named() -> None:
    complaint = Lake(url=SecretStr(f"postgresql://me:hidden@{NOBODY}/lake")).check()
    assert complaint is not None
    assert "127.0.0.1" in complaint
    assert "hidden" not in complaint


def test_a_provider_that_answers_is_fine(server: str) -> None:
    block = LLMProvider(base_url=f"{server}/v1", model="small", api_key=SecretStr("right"))
    assert block.check() is None


def test_a_wrong_key_is_said_without_showing_it(server: str) -> None:
    block = LLMProvider(base_url=f"{server}/v1", model="small", api_key=SecretStr("wrong"))
    complaint = block.check()
    assert complaint is not None
    assert "API key" in complaint
    assert "wrong" not in complaint


def test_a_model_the_provider_lacks_is_named_with_those_it_has(server: str) -> None:
    complaint = LLMProvider(base_url=f"{server}/v1", model="large").check()
    assert complaint is not None
    assert "'large'" in complaint
    assert "small" in complaint


def test_an_endpoint_that_is_no_provider_is_said(server: str) -> None:
    complaint = LLMProvider(base_url=server, model="small").check()
    assert complaint is not None
    assert "404" in complaint


def test_a_provider_that_is_not_there_is_named() -> None:
    complaint = LLMProvider(base_url=f"http://{NOBODY}/v1", model="small").check()
    assert complaint is not None
    assert NOBODY in complaint


def test_a_registry_that_answers_is_fine(server: str) -> None:
    assert Forge(tracking_url=SecretStr(server), token=SecretStr("right")).check() is None


def test_a_registry_refusing_the_token_is_said(server: str) -> None:
    complaint = Forge(tracking_url=SecretStr(server), token=SecretStr("wrong")).check()
    assert complaint is not None
    assert "token" in complaint


def test_a_registry_that_is_not_there_is_named() -> None:
    complaint = Forge(tracking_url=SecretStr(f"http://{NOBODY}")).check()
    assert complaint is not None
    assert NOBODY in complaint


def test_a_registry_in_a_database_that_is_not_there_is_named() -> None:
    complaint = Forge(tracking_url=SecretStr(f"postgresql://me:hidden@{NOBODY}/forge")).check()
    assert complaint is not None
    assert "127.0.0.1" in complaint
    assert "hidden" not in complaint


def test_an_address_that_is_none_is_refused_when_the_block_is_made() -> None:
    with pytest.raises(ValidationError, match="base_url"):
        LLMProvider(base_url="somewhere", model="small")
