"""Prompts without personal data: placeholders go to the provider, and its answer gets names back.

A value has one placeholder in all texts of a call, `<PERSON_1>` say, so that the model can follow
who did what. Which stands for what is known in this process only, for as long as the call takes.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from neurocortex.domain.chat import ChatMessage
from neurocortex.privacy.entities import Entity
from neurocortex.privacy.finding import Finder
from neurocortex.privacy.policies import Action, TextPolicy
from neurocortex.privacy.texts import find

_PLACEHOLDER: Final = re.compile(r"<[A-Z][A-Z_]*_\d+>")
_BEGUN: Final = re.compile(r"<[A-Z_\d]{0,40}$")
"""What may be the beginning of a placeholder, at the end of a piece."""

Emit = Callable[[str], Awaitable[None]]


class Placeholders:
    """Those of one call to a provider."""

    def __init__(self, finder: Finder, policy: TextPolicy) -> None:
        """Hide what the policy does not keep."""
        self._finder = finder
        self._policy = policy
        self._by_value: dict[str, str] = {}
        self._values: dict[str, str] = {}
        self._count: dict[Entity, int] = {}

    def hide(self, text: str) -> str:
        """Return a text with placeholders for personal data.

        Raises:
            PrivacyModelError: the spaCy model is not installed.
        """
        # What looks like a placeholder already would come back as somebody's name.
        text = _PLACEHOLDER.sub(lambda match: match[0].replace("<", "‹").replace(">", "›"), text)
        parts: list[str] = []
        at = 0
        for span in find(text, self._finder):
            if self._policy.action(span.entity) is not Action.KEEP:
                value = text[span.start : span.end]
                parts += [text[at : span.start], self._placeholder(value, span.entity)]
                at = span.end
        return "".join([*parts, text[at:]])

    def hide_messages(self, messages: Sequence[ChatMessage]) -> list[ChatMessage]:
        """Return a conversation with placeholders for personal data."""
        return [each.model_copy(update={"content": self.hide(each.content)}) for each in messages]

    def restore(self, text: str) -> str:
        """Return a text with the values in place of their placeholders."""
        return _PLACEHOLDER.sub(lambda match: self._values.get(match[0], match[0]), text)

    def restoring(self, emit: Emit) -> "Restoring":
        """Return what gives the pieces of an answer on, restored."""
        return Restoring(self, emit)

    def _placeholder(self, value: str, entity: Entity) -> str:
        known = self._by_value.get(value)
        if known is None:
            self._count[entity] = self._count.get(entity, 0) + 1
            known = self._by_value[value] = f"<{entity}_{self._count[entity]}>"
            self._values[known] = value
        return known


class Restoring:
    """Restores an answer that comes in pieces: a placeholder may be cut anywhere."""

    def __init__(self, placeholders: Placeholders, emit: Emit) -> None:
        """Give to `emit` what is complete."""
        self._placeholders = placeholders
        self._emit = emit
        self._held = ""

    async def __call__(self, piece: str) -> None:
        """Take a piece; the beginning of a placeholder is held back until its end comes."""
        text = self._held + piece
        begun = _BEGUN.search(text)
        whole, self._held = (text[: begun.start()], begun[0]) if begun else (text, "")
        if whole:
            await self._emit(self._placeholders.restore(whole))

    async def finish(self) -> None:
        """Give on what is held back: the answer is over."""
        if self._held:
            await self._emit(self._placeholders.restore(self._held))
            self._held = ""


def is_on_this_machine(url: str) -> bool:
    """Tell whether an endpoint is on this machine: what is sent there stays here."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
