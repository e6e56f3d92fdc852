"""chat: as the shipped one, with a model that says what it was told, word by word."""

from flows.pipelines.chat import ChatRequest
from neurocortex.domain.chat import Completion
from neurocortex.domain.deployments import Tier
from neurocortex.errors import ProviderMissingError
from neurocortex.requests.pipeline import Estimate, Pipeline
from neurocortex.requests.steps import Steps


async def _serve(request: ChatRequest, steps: Steps) -> Completion:
    if request.provider == "missing":
        raise ProviderMissingError(request.provider)
    text = " | ".join(f"{message.role}: {message.content}" for message in request.messages)
    if request.stream:
        for word in text.split(" "):
            await steps.emit(f"{word} ")
    return Completion(
        text=text, model="echo", finish_reason="stop", prompt_tokens=3, completion_tokens=4
    )


PIPELINE = Pipeline(
    operation="chat",
    family="nlp",
    summary="Repeats a conversation.",
    request=ChatRequest,
    result=Completion,
    tier=Tier.HIGH,
    estimate=lambda _: Estimate(seconds=0.001),
    realtime=_serve,
)
