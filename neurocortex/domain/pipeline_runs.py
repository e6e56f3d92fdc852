"""What came of a run of a Haystack pipeline."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from neurocortex.domain.choices import Choice


class ComponentRun(BaseModel):
    """One run of one component."""

    model_config = ConfigDict(frozen=True)

    component: str = Field(description="Its name in the pipeline.")
    type: str = Field(description="Its class.")
    seconds: float = Field(ge=0)
    error: str | None = Field(None, description="Kind of the error that it ended with.")


class PipelineOutcome(BaseModel):
    """What a pipeline returned, and what its components did."""

    model_config = ConfigDict(frozen=True)

    pipeline: str
    outputs: Mapping[str, JsonValue] = Field(description="By the names its file gives them.")
    components: tuple[ComponentRun, ...] = Field(
        (),
        description="In the order in which they ended; a component in a loop is there each time.",
    )
    choice: Choice | None = Field(
        None, description="Which provider was chosen for `auto`, and why; none where each is named."
    )
