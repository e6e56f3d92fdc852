"""extract: what a JSON Schema describes, read from a text by an LLM."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, ConfigDict, Field, JsonValue

from neurocortex.domain.deployments import DEFAULT_BLOCK, Tier
from neurocortex.domain.language import Extraction
from neurocortex.domain.usage import estimated_tokens
from neurocortex.language.schemas import check
from neurocortex.requests.choosing import ChoosingRequest
from neurocortex.requests.pipeline import Caching, Estimate, Pipeline
from neurocortex.requests.steps import Steps
from tasks.asking import providers_of
from tasks.structures import extract_structure

MAX_CHARS: Final = 100_000
"""Of a text: about 25,000 tokens, which most models still read at once."""

CACHED_S: Final = 3600.0

USUAL_ANSWER: Final = 300
"""Tokens."""


def _usable(schema: dict[str, JsonValue]) -> dict[str, JsonValue]:
    check(schema)
    return schema


class ExtractRequest(ChoosingRequest):
    """Ask for a structure."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "text": "Ann Smith, invoice 17, 12.50 EUR",
                    "json_schema": {
                        "type": "object",
                        "properties": {
                            "invoice": {"type": "integer"},
                            "amount": {"type": "number"},
                        },
                        "required": ["invoice", "amount"],
                    },
                }
            ]
        }
    )

    operation: Literal["extract"] = "extract"
    text: str = Field(min_length=1, max_length=MAX_CHARS, description="What it is read from.")
    json_schema: Annotated[dict[str, JsonValue], AfterValidator(_usable)] = Field(
        description="JSON Schema (2020-12) of an object. `pattern`, remote references, and"
        " definitions that refer to themselves are refused.",
    )
    instructions: str | None = Field(
        None, min_length=1, max_length=4000, description="What else the LLM is to know."
    )
    llm: str = Field(
        DEFAULT_BLOCK,
        min_length=1,
        description="Name of the LLM Provider block, or `auto`: the one that serves best now.",
    )


async def _serve(request: ExtractRequest, steps: Steps) -> Extraction:
    async def extract(provider: str) -> Extraction:
        return await steps.run(
            extract_structure, request.text, request.json_schema, request.instructions, provider
        )

    asked = request.asked(estimated_tokens(request.text), USUAL_ANSWER)
    async with providers_of(request, asked, steps, is_needed=True) as providers:
        found = await providers.ask(extract)
    return found.model_copy(update={"choice": providers.choice})


PIPELINE: Final = Pipeline(
    operation="extract",
    family="nlp",
    summary="Reads what a JSON Schema describes from a text, by an LLM; checked, repaired once.",
    request=ExtractRequest,
    result=Extraction,
    tier=Tier.HIGH,
    estimate=lambda request: Estimate(
        seconds=6.0, tokens=estimated_tokens(request.text) + USUAL_ANSWER
    ),
    realtime=_serve,
    caching=Caching(ttl_s=CACHED_S, tags=lambda _: ()),
)
