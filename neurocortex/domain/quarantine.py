"""What a gate refused, kept so that a person can put it right."""

from pydantic import BaseModel, ConfigDict


class Quarantined(BaseModel):
    """A file or a row that was not loaded, and why."""

    model_config = ConfigDict(frozen=True)

    source: str
    """File (absolute path) or table it came from."""
    row: int | None = None
    """Row or line number in the source, from 1, the header not counted; None for a whole file."""
    rule: str
    """The rule that refused it: an error's or an expectation's name, e.g. `no_text`."""
    reason: str
    """One sentence a person understands, with the remedy where there is one."""
    payload: str = ""
    """The original row as JSON, or the start of the original text; empty for unreadable files."""
    is_whole: bool = True
    """Whether the payload is all of the original row; false where it was too long to keep."""
