"""The OpenAI client against a real HTTP server that speaks the embeddings protocol."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest
from pydantic import SecretStr

from neurocortex.domain.embedding import RecordedEmbedder, Vectors
from neurocortex.domain.endpoints import LlmEndpoint, LlmProvider
from neurocortex.engines.embedders import configured, of_collection, restore
from neurocortex.engines.openai_embeddings import BATCH, MAX_CHARS, OpenAIEmbedder
from neurocortex.errors import ProviderError, SettingsError
from neurocortex.settings import LakeSettings

Reply = Callable[[list[str]], tuple[int, object]]

DIMENSION = 4


class Endpoint:
    """An embeddings endpoint on 127.0.0.1: what it was asked, and where it is."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/v1"
        self.inputs: list[list[str]] = []
        self.keys: list[str | None] = []


def vector(text: str) -> list[float]:
    return [float(len(text)), float(text.count("a")), 1.0, 0.0]


def embeddings(texts: list[str]) -> tuple[int, object]:
    data = [
        {"object": "embedding", "index": i, "embedding": vector(t)} for i, t in enumerate(texts)
    ]
    body = {
        "object": "list",
        "model": "m",
        "data": data[::-1],
        "usage": {"prompt_tokens": 1, "total_tokens": 1},
    }
    return 200, body


@contextmanager
def serving(reply: Reply) -> Iterator[Endpoint]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            endpoint.inputs.append(asked["input"])
            endpoint.keys.append(self.headers["Authorization"])
            status, body = reply(asked["input"])
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        endpoint = Endpoint(server.server_port)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield endpoint
        finally:
            server.shutdown()
            thread.join()


def at(*urls: str) -> OpenAIEmbedder:
    endpoints = tuple(LlmEndpoint(base_url=url, model="m", timeout_s=0.5) for url in urls)
    return OpenAIEmbedder(LlmProvider(endpoints=endpoints))


def test_texts_come_back_as_unit_vectors_in_their_order() -> None:
    with serving(embeddings) as endpoint:
        model = at(endpoint.url)
        vectors = model.embed_documents(["aa", "bbbb"])
        question = model.embed_query("aa")
    expected = np.array([vector("aa"), vector("bbbb")])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(vectors, expected, rtol=1e-6)
    np.testing.assert_allclose(question[0], expected[0], rtol=1e-6)
    assert vectors.dtype == np.float32


def test_many_texts_go_in_batches() -> None:
    with serving(embeddings) as endpoint:
        model = at(endpoint.url)
        vectors = model.embed_documents(["a" * n for n in range(1, BATCH + 3)])
    assert vectors.shape == (BATCH + 2, DIMENSION)
    assert [len(texts) for texts in endpoint.inputs] == [BATCH, 2]


def test_name_version_and_dimension_are_the_models() -> None:
    with serving(embeddings) as endpoint:
        model = at(endpoint.url)
        assert (model.name, model.dimension, model.version) == ("openai/m", DIMENSION, "4d")
        assert model.embed_documents([]).shape == (0, DIMENSION)
    assert len(endpoint.inputs) == 1, "the dimension is asked for once"


def test_blank_and_overlong_texts_are_made_acceptable() -> None:
    with serving(embeddings) as endpoint:
        at(endpoint.url).embed_documents([" \n", "a" * (MAX_CHARS + 1)])
    assert endpoint.inputs == [["-", "a" * MAX_CHARS]]


def test_the_key_is_sent_to_the_endpoint_of_the_settings() -> None:
    with serving(embeddings) as endpoint:
        chosen = LakeSettings(
            embedder="openai",
            embedding_model="m",
            embedding_base_url=endpoint.url,
            embedding_api_key=SecretStr("secret-key"),
        )
        model = configured(chosen)
        assert isinstance(model, OpenAIEmbedder)
        model.embed_query("a")
    assert endpoint.keys == ["Bearer secret-key"]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (lambda _: (401, {"error": {"message": "bad key"}}), "bad key"),
        (lambda texts: embeddings(texts[1:]), "2 texts with 1 vectors"),
        (lambda _: (404, {"error": {"message": "no such model"}}), "no such model"),
    ],
    ids=["refused", "one vector missing", "unknown model"],
)
def test_a_provider_that_fails_is_named(reply: Reply, reason: str) -> None:
    with serving(reply) as endpoint:
        model = at(endpoint.url)
        with pytest.raises(ProviderError, match=reason) as raised:
            model.embed_documents(["a", "b"])
    assert raised.value.neighbour == "openai/m"


def test_an_endpoint_that_is_not_there_is_named() -> None:
    with serving(embeddings) as endpoint:
        gone = endpoint.url
    model = at(gone)
    with pytest.raises(ProviderError, match="openai/m"):
        model.embed_query("a")


def test_another_endpoint_takes_the_place_of_one_that_fails_and_it_is_left() -> None:
    with (
        serving(lambda _: (500, {"error": {"message": "down"}})) as down,
        serving(embeddings) as up,
    ):
        chosen = LakeSettings(embedding_base_url=down.url, embedding_more_urls=(up.url,))
        model = of_collection("openai/m", chosen)
        assert isinstance(model, OpenAIEmbedder)
        for _ in range(10):
            assert model.embed_query("a").shape == (1, DIMENSION)
    assert (len(down.inputs), len(up.inputs)) == (3, 10), "three failures in a row eject it"


def test_texts_are_embedded_again_once_the_only_endpoint_is_back() -> None:
    answers = [(503, {"error": {"message": "starting"}}), None]

    def reply(texts: list[str]) -> tuple[int, object]:
        return (answers.pop(0) if answers else None) or embeddings(texts)

    with serving(reply) as endpoint:
        assert at(endpoint.url).embed_query("a").shape == (1, DIMENSION)
    assert len(endpoint.inputs) == 2


def test_texts_are_embedded_where_an_event_loop_runs() -> None:
    async def main() -> Vectors:
        return at(endpoint.url).embed_query("a")

    with serving(embeddings) as endpoint:
        assert asyncio.run(main()).shape == (1, DIMENSION)


def test_openai_without_key_and_address_is_refused() -> None:
    with pytest.raises(SettingsError, match="EMBEDDING_API_KEY"):
        configured(LakeSettings(embedder="openai", embedding_model="m"))


def test_a_provider_needs_the_name_of_a_model() -> None:
    with pytest.raises(SettingsError, match="NEUROCORTEX_LAKE__EMBEDDING_MODEL is not set"):
        configured(LakeSettings(embedder="openai"))


def test_a_collections_model_comes_back_whatever_is_configured_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(embeddings) as endpoint:
        monkeypatch.setenv("NEUROCORTEX_LAKE__EMBEDDING_BASE_URL", endpoint.url)
        recorded = RecordedEmbedder("openai/org/model-7", "4d", DIMENSION, None)
        restored = restore(recorded)
        loaded = of_collection(recorded.name, LakeSettings(embedding_base_url=endpoint.url))
        assert restored.name == loaded.name == "openai/org/model-7"
        assert restored.embed_query("a").shape == (1, DIMENSION)


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(SettingsError, match="abacus/beads"):
        restore(RecordedEmbedder("abacus/beads", "1", 3, None))
