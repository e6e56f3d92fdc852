"""Passages to answer from."""

from collections.abc import Callable
from uuid import UUID

import pytest

from neurocortex.domain.answers import Passage

MakePassage = Callable[..., Passage]


@pytest.fixture
def passage() -> MakePassage:
    """Make a passage of that text; passages of one number belong to one document."""

    def make(
        text: str, *, number: int = 1, start: int = 0, score: float = 1.0, title: str = "Title"
    ) -> Passage:
        return Passage(
            document_id=UUID(int=number),
            source=f"/docs/{number}.txt",
            title=title,
            text=text,
            start=start,
            end=start + len(text),
            score=score,
        )

    return make
