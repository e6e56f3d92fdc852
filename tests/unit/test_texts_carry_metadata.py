import pytest
from pydantic import JsonValue, ValidationError

from neurocortex.lake.records import RESERVED
from tasks.vectors import MAX_FIELDS, Text


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ({RESERVED: {"length": 7.0}}, "the Lake's own"),
        ({"deep": ["\0"]}, "NUL"),
        ({str(n): n for n in range(MAX_FIELDS + 1)}, f"at most {MAX_FIELDS} items"),
    ],
    ids=["reserved", "nul", "too many"],
)
def test_metadata_that_cannot_be_kept_is_refused(metadata: dict[str, JsonValue], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Text(source="a", text="b", metadata=metadata)
