"""Models."""

from collections.abc import Sequence

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
