"""The examples of docs/how-to/use-the-lake-from-haystack-and-langchain.md do what the text says."""

import re
from pathlib import Path

import pytest

from neurocortex.adapters.opening import URL_VARIABLE

TEXT = (
    Path(__file__).parents[3] / "docs/how-to/use-the-lake-from-haystack-and-langchain.md"
).read_text("utf-8")
EXAMPLES: list[str] = re.findall(r"^```python\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)[1:]


@pytest.mark.parametrize("example", EXAMPLES, ids=["haystack", "langchain"])
def test_an_example_prints_what_it_says(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], example: str
) -> None:
    monkeypatch.setenv(URL_VARIABLE, url)
    names: dict[str, object] = {}
    exec(example, names)  # noqa: S102 - it is ours
    for name in ("store", "vectors"):
        if name in names:
            names[name].close()  # type: ignore[attr-defined] # a store
    printed = capsys.readouterr().out.strip()
    assert printed == re.findall(r"# (\[.*\])$", example, re.MULTILINE)[0]
