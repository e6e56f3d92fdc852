"""Privacy as this process's settings have it: finder, keys, policies."""

from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path

from neurocortex.domain.documents import Document
from neurocortex.domain.quarantine import Quarantined
from neurocortex.domain.work import DEFAULT_TENANT
from neurocortex.privacy import keys
from neurocortex.privacy.finding import Finder
from neurocortex.privacy.hiding import Hider, Place
from neurocortex.privacy.keys import Keyring
from neurocortex.privacy.policies import Action, TextPolicy, text_policy
from neurocortex.privacy.prompts import Placeholders, is_on_this_machine
from neurocortex.privacy.texts import hidden, protected
from neurocortex.settings import settings


def keyring() -> Keyring:
    """Return the keys of this installation; they are made at the first call ever.

    Raises:
        PrivacyKeyError: the file is damaged, or others may read it.
    """
    chosen = settings().privacy
    path = (chosen.keys or settings().home / keys.FILE).absolute()
    changed_at = path.stat().st_mtime_ns if path.exists() else 0
    return _keyring(path, chosen.rotate_days, changed_at, datetime.now(UTC).date())


def configured_finder() -> Finder:
    """Return what finds personal data, as the settings have it."""
    chosen = settings().privacy
    return _finder(chosen.model, chosen.threshold)


def configured_policy(action: Action) -> TextPolicy:
    """Return the policy that does this to what the settings want hidden in texts."""
    return text_policy(action, indirect=settings().privacy.indirect)


def protected_document(document: Document) -> Document:
    """Return a document as the settings want it stored: as it is, redacted or masked."""
    chosen = settings().privacy.documents
    if chosen == "off":
        return document
    return protected(
        document, configured_finder(), configured_policy(Action(chosen)), _document_hider()
    )


def protected_entry(entry: Quarantined) -> Quarantined:
    """Return a quarantine entry of a document as the settings want documents stored."""
    chosen = settings().privacy.documents
    if chosen == "off":
        return entry
    policy = configured_policy(Action(chosen))
    payload = hidden(entry.payload, configured_finder(), policy, _document_hider())
    return entry.model_copy(update={"payload": payload})


def placeholders_for(url: str) -> Placeholders | None:
    """Return what hides personal data from the provider at a URL; None: it may see it."""
    chosen = settings().privacy.prompts
    if chosen == "off" or (chosen == "remote" and is_on_this_machine(url)):
        return None
    return Placeholders(configured_finder(), configured_policy(Action.REDACT))


def _document_hider() -> Hider:
    return Hider(Place(DEFAULT_TENANT, "documents"), keyring)


@lru_cache(maxsize=1)
def _keyring(path: Path, rotate_days: int, changed_at: int, today: date) -> Keyring:  # noqa: ARG001
    """Read the file again when it has changed, and on a new day, when a new key may be due."""
    return keys.read_or_make(path, rotate_days)


@lru_cache(maxsize=4)
def _finder(model: str | None, threshold: float) -> Finder:
    return Finder(model, threshold)
