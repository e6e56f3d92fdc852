"""Handles `note.written`: has it echoed, and notes each answer with its tenant in a file."""

import json

from neurocortex.settings import settings
from neurocortex.stream.event import Event
from neurocortex.stream.handlers import Handlers, Requests

FILE = "heard.jsonl"


def register(handlers: Handlers, requests: Requests) -> None:
    async def echo(event: Event) -> None:
        answer = await requests.submit(event, {"operation": "echo", "text": event.data})
        again = await requests.submit(event, {"operation": "echo", "text": event.data})
        with (settings().home / FILE).open("a") as file:
            file.write(json.dumps([event.tenant, answer, again]) + "\n")

    handlers.register("note.written", echo)
