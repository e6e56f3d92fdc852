"""`/v1/chat/completions`, `/v1/embeddings` and `/v1/models`, for clients of OpenAI's protocol."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from neurocortex.gateway import headers, openai_protocol, openapi
from neurocortex.gateway.bodies import decode
from neurocortex.gateway.disconnects import unless_gone
from neurocortex.gateway.edge import request_id
from neurocortex.gateway.openai_protocol import (
    DONE,
    Answered,
    ChatCompletionRequest,
    EmbeddingsRequest,
    chunk,
    error_chunk,
    model_card,
    usage_chunk,
)
from neurocortex.gateway.planning import Asking, Planned
from neurocortex.gateway.realtime import Answer
from neurocortex.gateway.services import Services
from neurocortex.gateway.streaming import opened
from neurocortex.security.roles import Scope

AskedT = TypeVar("AskedT", ChatCompletionRequest, EmbeddingsRequest)

REFUSALS = (400, 401, 403, 404, 408, 413, 429, 500, 501, 502, 503, 504)


def router(services: Services) -> APIRouter:
    """Return the addresses; those of operations that the registry has."""
    routes = APIRouter(tags=["OpenAI-compatible"])
    known = {pipeline.operation for pipeline in services.registry}

    def failed(error: Exception) -> bytes:
        return error_chunk(services.refusals.problem(error).document())

    @routes.post(
        "/v1/chat/completions",
        openapi_extra=openapi.json_body("ChatCompletionRequest"),
        responses={
            **openapi.or_events(openapi.any_response("A chat completion, or its chunks.")),
            **openapi.refusals(*REFUSALS),
        },
    )
    async def chat_completions(request: Request) -> Response:
        """Continue a conversation, or answer its last message from a collection."""
        asked, planned = await _planned(services, request, ChatCompletionRequest)
        if asked.stream:
            events = _chunks(services, planned, asked)
            return await unless_gone(request, opened(events, failed))
        answer = await unless_gone(request, services.realtime.answer(planned))
        answered = Answered.model_validate_json(answer.body)
        return _json(
            openai_protocol.completion(str(planned.asking.id), asked.model, answered), answer
        )

    @routes.post(
        "/v1/embeddings",
        openapi_extra=openapi.json_body("EmbeddingsRequest"),
        responses={**openapi.any_response("Vectors."), **openapi.refusals(*REFUSALS)},
    )
    async def embeddings(request: Request) -> Response:
        """Return the vectors of texts."""
        asked, planned = await _planned(services, request, EmbeddingsRequest)
        answer = await unless_gone(request, services.realtime.answer(planned))
        vectors = orjson.loads(answer.body)["vectors"]
        as_base64 = asked.encoding_format == "base64"
        return _json(openai_protocol.embeddings(asked.model, vectors, as_base64=as_base64), answer)

    @routes.get(
        "/v1/models",
        responses={**openapi.any_response("The models."), **openapi.refusals(401, 403, 429, 503)},
    )
    async def models(request: Request) -> Response:
        """List the operations that the two other addresses serve."""
        await services.callers.identify(request, Scope.ANSWERS_READ)
        found = [model_card(name) for name in openai_protocol.OPERATIONS if name in known]
        return Response(orjson.dumps({"object": "list", "data": found}), media_type=openapi.JSON)

    return routes


async def _planned(
    services: Services, request: Request, kind: type[AskedT]
) -> tuple[AskedT, Planned]:
    principal = await services.callers.identify(request)
    body = await services.bodies.read(request)
    asked = decode(kind, body)
    asking = Asking(
        id=request_id(request.scope),
        principal=principal,
        body=orjson.dumps(asked.request()),
        fresh=headers.wants_fresh(request.headers),
    )
    return asked, services.planner.plan(asking).in_real_time()


async def _chunks(
    services: Services, planned: Planned, asked: ChatCompletionRequest
) -> AsyncGenerator[bytes]:
    number, model = str(planned.asking.id), asked.model
    has_parts = False
    async with aclosing(services.realtime.parts(planned)) as parts:
        async for part in parts:
            if not has_parts:
                yield chunk(number, model, {"role": "assistant", "content": ""})
            if not isinstance(part, Answer):
                has_parts = True
                yield chunk(number, model, {"content": part.text})
                continue
            answered = Answered.model_validate_json(part.body)
            if not has_parts:  # the operation sends none, or the answer was known
                yield chunk(number, model, {"content": answered.text})
            yield chunk(number, model, {}, answered.finish_reason)
            if asked.stream_options is not None and asked.stream_options.include_usage:
                yield usage_chunk(number, model, answered)
    yield DONE


def _json(body: bytes, answer: Answer) -> Response:
    return Response(
        body, headers=headers.route_headers(answer.route, answer.use), media_type=openapi.JSON
    )
