"""Personal data."""

from neurocortex.errors.base import NeuroCortexError


class PrivacyError(NeuroCortexError):
    """Personal data cannot be hidden or shown as asked."""


class PrivacyModelError(PrivacyError):
    """The spaCy model that the settings name is not installed; nothing is downloaded for it."""

    def __init__(self, model: str) -> None:
        super().__init__(
            f"The spaCy model {model!r} is not installed. Install it (`python -m spacy download"
            f" {model}`), or unset NEUROCORTEX_PRIVACY__MODEL: people, places and organisations are"
            " then found by lists and patterns."
        )
        self.model = model


class PrivacyKeyError(PrivacyError):
    """A key is missing, damaged, or readable by others."""


class ErasureRecordError(PrivacyError):
    """The record of erasures cannot be read: a restored backup cannot be brought in step."""

    def __init__(self, path: str, line: int, reason: str) -> None:
        super().__init__(
            f"Line {line} of {path} cannot be read: {reason}. Put the file back from a copy, with"
            " the keys of its time, or erase again what was erased since the backup was made."
        )
        self.path = path
        self.line = line


class TamperedError(PrivacyError):
    """An encrypted value cannot be decrypted: changed, of another key, or of another place."""

    def __init__(self, tenant: str, column: str, reason: str) -> None:
        super().__init__(
            f"A value of {column!r} (tenant {tenant}) cannot be decrypted: {reason}. It is as it"
            " was stored only under the tenant and column it was encrypted for."
        )
        self.tenant = tenant
        self.column = column
        self.reason = reason


class RevealForbiddenError(PrivacyError):
    """A role may not see personal data in clear. `needed` is the least role that may."""

    def __init__(self, role: str, what: str, needed: str) -> None:
        super().__init__(
            f"The role {role} may not see {what} in clear: that takes the role {needed}."
        )
        self.role = role
        self.needed = needed
