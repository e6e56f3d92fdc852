"""Models."""

from collections.abc import Sequence
from uuid import UUID

from neurocortex.errors.base import NeuroCortexError


class ForgeError(NeuroCortexError):
    """A model cannot be trained, found, read or asked. `model`: its name."""

    def __init__(self, model: str, message: str) -> None:
        super().__init__(message)
        self.model = model


class TrainingSpecError(ForgeError):
    """A training spec describes something that cannot be: the text says what is allowed."""


class TrainingError(ForgeError):
    """Nothing can be learned: the table lacks a column, or its target says nothing."""

    def __init__(self, model: str, reason: str) -> None:
        super().__init__(model, f"The model {model} was not trained: {reason}")
        self.reason = reason


class ModelNotFoundError(ForgeError):
    """There is no such model, or no such version of it."""

    def __init__(self, model: str, which: str | None, known: Sequence[str]) -> None:
        if model in known:
            reason = f"The model {model} has no version {which!r}: see neurocortex models show"
        else:
            there = ", ".join(known) or "none; train one: neurocortex models train SPEC"
            reason = f"There is no model {model!r}. There are: {there}"
        super().__init__(model, f"{reason}.")
        self.which = which


class ModelCorruptError(ForgeError):
    """An artifact is damaged or forged: it is not loaded."""

    def __init__(self, model: str, reason: str) -> None:
        super().__init__(
            model,
            f"The model {model} was not loaded: {reason}. Train it again, or restore a backup.",
        )
        self.reason = reason


class FeaturesError(ForgeError):
    """Rows to predict from lack a feature, or have one of a wrong name or kind."""

    def __init__(self, model: str, reason: str) -> None:
        super().__init__(model, f"The model {model} cannot read these rows: {reason}.")
        self.reason = reason


class ModelBusyError(ForgeError):
    """So many ask a model already that another one had to wait for too long."""

    def __init__(self, model: str, at_once: int, waited_s: float) -> None:
        super().__init__(
            model,
            f"The model {model} is asked {at_once} times at once, and none ended in {waited_s:g} s."
            " Try again later, or allow more: NEUROCORTEX_FORGE__AT_ONCE.",
        )
        self.at_once = at_once
        self.waited_s = waited_s


class ModelMemoryError(ForgeError):
    """A version takes more memory than it may have, or than there is: it is not loaded."""

    def __init__(self, model: str, reason: str) -> None:
        super().__init__(
            model,
            f"The model {model} was not loaded: {reason}. Deploy it with a higher --memory-mb,"
            " or train a smaller one.",
        )
        self.reason = reason


class RolloutError(ForgeError):
    """A rollout cannot be begun or ended."""


class RolloutRunningError(RolloutError):
    """Another rollout of the model runs."""

    def __init__(self, model: str) -> None:
        super().__init__(
            model,
            f"A rollout of the model {model} runs already. See it with neurocortex models rollout"
            f" {model}, and end it with neurocortex models end-rollout {model}.",
        )


class NoRolloutError(RolloutError):
    """No rollout of the model runs."""

    def __init__(self, model: str) -> None:
        super().__init__(
            model,
            f"No rollout of the model {model} runs. Begin one with neurocortex models deploy"
            f" {model} VERSION.",
        )


class FeedbackError(ForgeError):
    """What was said about a prediction cannot be used."""


class PredictionNotFoundError(FeedbackError):
    """No prediction of that id is kept for that tenant."""

    def __init__(self, prediction: UUID) -> None:
        super().__init__(
            "",
            f"No prediction {prediction} is kept for this tenant. Predictions are kept for a while,"
            " and only of models whose training spec says `keep_predictions: true`.",
        )
        self.prediction = prediction


class FeedbackGateError(FeedbackError):
    """Too many of the labelled rows are not what the model learned from: nothing is trained."""

    def __init__(self, model: str, reason: str) -> None:
        super().__init__(model, f"The model {model} was not trained from feedback: {reason}.")
        self.reason = reason
