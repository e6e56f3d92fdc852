"""What an LLM may be asked to do around a search."""

import pytest
from pydantic import ValidationError

from neurocortex.domain.refinement import Refinement


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "nothing to refine: set `rerank`, or `rewordings` above 0"),
        ({"llm": "auto", "rerank": True}, "name a block"),
        ({"rerank": True, "rewording": 3}, "Did you mean 'rewordings'"),
        ({"rewordings": 6}, "less than or equal to 5"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_remedy(
    fields: dict[str, object], reason: str
) -> None:
    with pytest.raises(ValidationError, match=reason):
        Refinement.model_validate(fields)
