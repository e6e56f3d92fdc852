"""classify: which of the caller's labels fits a text."""

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from neurocortex.domain.choices import AUTO
from neurocortex.domain.deployments import DEFAULT_BLOCK, Tier
from neurocortex.domain.language import Classification, Example
from neurocortex.domain.usage import estimated_tokens
from neurocortex.errors import NoProviderFitsError, ProviderError
from neurocortex.requests.choosing import ChoosingRequest
from neurocortex.requests.pipeline import Caching, Estimate, Pipeline
from neurocortex.requests.steps import Steps
from neurocortex.settings import settings
from tasks.asking import providers_of
from tasks.caching import COLLECTION
from tasks.questions import find_provider
from tasks.structures import classify_by_examples, classify_by_llm, classify_by_similarity

MAX_EXAMPLES: Final = 500
"""A classifier is fitted on them for each request: in a tenth of a second."""

CACHED_S: Final = 3600.0

ANSWER_TOKENS: Final = 200

Label = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class ClassifyRequest(ChoosingRequest):
    """Ask for a label."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "text": "The invoice is wrong again.",
                    "labels": ["billing", "technical"],
                    "examples": [
                        {"text": "I was charged twice.", "label": "billing"},
                        {"text": "The app crashes at start.", "label": "technical"},
                    ],
                }
            ]
        }
    )

    operation: Literal["classify"] = "classify"
    text: str = Field(min_length=1, max_length=20_000, description="What gets a label.")
    labels: tuple[Label, ...] = Field(min_length=2, max_length=50)
    descriptions: dict[str, Annotated[str, StringConstraints(max_length=1000)]] = Field(
        default_factory=dict, description="What labels stand for, where their names do not say it."
    )
    examples: tuple[Example, ...] = Field(
        (),
        max_length=MAX_EXAMPLES,
        description="Texts whose label is known, for each label at least one. Without an LLM a"
        " classifier is fitted on them.",
    )
    collection: str | None = Field(
        None,
        min_length=1,
        description="Without an LLM and examples: whose model compares the text with the labels."
        " Unset: the settings' model.",
    )
    llm: str = Field(
        DEFAULT_BLOCK,
        description="Name of the LLM Provider block, or `auto`: the one that serves best now."
        " Empty: none is asked.",
    )
    lake: str = Field(DEFAULT_BLOCK, min_length=1, description="Name of the Lake block.")

    @model_validator(mode="after")
    def _labels_fit(self) -> "ClassifyRequest":
        known = set(self.labels)
        if len(known) < len(self.labels):
            raise ValueError("`labels` names a label twice")
        strange = sorted({*self.descriptions, *(each.label for each in self.examples)} - known)
        if strange:
            raise ValueError(f"{strange[0]!r} is not among `labels`")
        bare = sorted(known - {each.label for each in self.examples})
        if self.examples and bare:
            raise ValueError(f"`examples` has none for the label {bare[0]!r}")
        return self


async def _serve(request: ClassifyRequest, steps: Steps) -> Classification:
    note = None
    try:
        found = await _by_llm(request, steps) if request.llm else None
    except (ProviderError, NoProviderFitsError) as error:
        if not request.examples:
            raise  # the similarity of a few words would be taken for the LLM's own answer
        failed = f"The LLM provider {request.llm!r} failed, so the examples decided."
        is_barred = isinstance(error, NoProviderFitsError)
        found, note = None, f"The examples decided. {error}" if is_barred else failed
    if found is not None:
        return found
    decided = await _locally(request, steps)
    return decided.model_copy(update={"note": note, "is_fallback": note is not None})


async def _by_llm(request: ClassifyRequest, steps: Steps) -> Classification | None:
    """Return what an LLM says; None: there is none."""

    async def classified(provider: str) -> Classification | None:
        model = await steps.run(find_provider, provider) if provider else None
        if model is None:
            return None
        return await steps.run(
            classify_by_llm,
            request.text,
            request.labels,
            request.descriptions,
            request.examples,
            provider,
        )

    asked = request.asked(_sent(request), ANSWER_TOKENS)
    async with providers_of(request, asked, steps) as providers:
        found = await providers.ask(classified)
    return found.model_copy(update={"choice": providers.choice}) if found else None


async def _locally(request: ClassifyRequest, steps: Steps) -> Classification:
    if request.examples:
        return await steps.run(classify_by_examples, request.text, request.labels, request.examples)
    return await steps.run(
        classify_by_similarity,
        request.text,
        request.labels,
        request.descriptions,
        request.lake,
        request.collection,
    )


def _estimate(request: ClassifyRequest) -> Estimate:
    if request.llm != AUTO and not (request.llm and settings().llm.base_url):
        return Estimate(seconds=0.05 + 0.0005 * len(request.examples))
    return Estimate(seconds=3.0, tokens=_sent(request) + ANSWER_TOKENS)


def _sent(request: ClassifyRequest) -> int:
    return estimated_tokens(request.text, *request.labels)


def _tags(request: ClassifyRequest) -> tuple[str, ...]:
    return (COLLECTION.format(collection=request.collection),) if request.collection else ()


PIPELINE: Final = Pipeline(
    operation="classify",
    family="nlp",
    summary="Says which of the caller's labels fits a text, with a score for each.",
    request=ClassifyRequest,
    result=Classification,
    tier=Tier.HIGH,
    estimate=_estimate,
    realtime=_serve,
    caching=Caching(ttl_s=CACHED_S, tags=_tags, lasts=lambda found: not found.is_fallback),
)
