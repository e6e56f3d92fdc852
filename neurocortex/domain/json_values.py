"""What PostgreSQL's jsonb can hold of JSON."""

from pydantic import JsonValue


def holds_nul(value: JsonValue) -> bool:
    """Return whether the character NUL is in any text of a value: jsonb has none."""
    match value:
        case str():
            return "\0" in value
        case list():
            return any(map(holds_nul, value))
        case dict():
            return any("\0" in name or holds_nul(each) for name, each in value.items())
        case _:
            return False
