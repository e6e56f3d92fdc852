"""How an LLM provider is chosen for a request that leaves it open (`auto`)."""

from pathlib import Path

from pydantic import Field

from neurocortex.settings.group import Group


class SelectionSettings(Group):
    """How an LLM provider is chosen for a request that leaves it open (`auto`)."""

    policy: Path | None = Field(
        None,
        description="YAML file: what counts for which operation, and which provider may see data"
        " of which class. Unset: the defaults, and data of no class.",
    )
    explore_share: float = Field(
        0.05,
        ge=0,
        le=0.5,
        description="Share of an operation's requests, at most, that go to a provider that is"
        " expected to be worse, to learn about it; a new operation has 40 more.",
    )
    window: int = Field(
        300,
        ge=10,
        le=100_000,
        description="After so many outcomes of the operation an older one counts less by e; a"
        " judgement likewise, after so many judgements.",
    )
    half_life_s: float = Field(
        1800, ge=1, le=2_592_000, description="After so long an outcome counts half."
    )
    receipts_s: float = Field(
        86_400, ge=60, le=2_592_000, description="A receipt is kept, and can be judged, so long."
    )
    providers_s: float = Field(
        10, ge=0, le=3600, description="The list of provider blocks is read again after so long."
    )
