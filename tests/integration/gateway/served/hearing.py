"""Handles `note.written`: has it echoed, and notes each answer with its tenant in a file.

`note.retried` asks for what fails the first time, and asks again.
"""

import json
from contextlib import suppress

from neurocortex.errors import RemoteError
from neurocortex.settings import settings
from neurocortex.stream.event import Event
from neurocortex.stream.handlers import Handlers, Requests

FILE = "heard.jsonl"


def register(handlers: Handlers, requests: Requests) -> None:
    async def echo(event: Event) -> None:
        answer = await requests.submit(event, {"operation": "echo", "text": event.data})
        again = await requests.submit(event, {"operation": "echo", "text": event.data})
        note(event.tenant, answer, again)

    async def retry(event: Event) -> None:
        asked = {"operation": "failing", "text": event.data}
        with suppress(RemoteError):
            await requests.submit(event, asked)
        note(event.tenant, await requests.submit(event, asked))

    def note(*told: object) -> None:
        with (settings().home / FILE).open("a") as file:
            file.write(json.dumps(told) + "\n")

    handlers.register("note.retried", retry)
    handlers.register("note.written", echo)
