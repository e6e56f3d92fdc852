"""What the pipelines of these tests are asked and answer."""

from pydantic import BaseModel

from neurocortex.requests.request import Request


class Asked(Request):
    """A text, which decides what happens."""

    text: str = ""


class Answered(BaseModel):
    """A text."""

    text: str
