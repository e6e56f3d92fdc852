"""Prompts go out without personal data, and answers come back with it."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurocortex.domain.chat import ChatMessage
from neurocortex.domain.endpoints import LlmEndpoint
from neurocortex.engines.openai_chat import complete
from neurocortex.privacy.finding import Finder
from neurocortex.privacy.policies import Action, text_policy
from neurocortex.privacy.prompts import Placeholders, is_on_this_machine
from neurocortex.testing.openai_server import OpenAIServer

FINDER = Finder()
PROMPT = "Ann Smith wrote to Tom Harrison; then Ann Smith called ann@example.com."


def placeholders() -> Placeholders:
    return Placeholders(FINDER, text_policy(Action.REDACT, indirect=False))


def test_one_value_has_one_placeholder() -> None:
    hidden = placeholders()
    assert hidden.hide(PROMPT) == (
        "<PERSON_1> wrote to <PERSON_2>; then <PERSON_1> called <EMAIL_ADDRESS_1>."
    )
    assert hidden.hide("Is Tom Harrison in?") == "Is <PERSON_2> in?"
    assert hidden.restore("<PERSON_2> answered <PERSON_1>.") == "Tom Harrison answered Ann Smith."


def test_what_was_no_placeholder_of_the_call_stays() -> None:
    assert placeholders().restore("a <b> and <PERSON_7>") == "a <b> and <PERSON_7>"


def test_a_placeholder_in_the_question_itself_does_not_become_a_name() -> None:
    hidden = placeholders()
    sent = hidden.hide("Who is <PERSON_1>? Ann Smith?")
    assert sent.count("<PERSON_1>") == 1
    assert hidden.restore(sent).count("Ann Smith") == 1


@given(st.data())
def test_an_answer_in_pieces_is_restored_wherever_it_is_cut(data: st.DataObject) -> None:
    hidden = placeholders()
    answer = hidden.hide(PROMPT) + " 1 < 2 <b> <PERSON"
    cuts = sorted(data.draw(st.sets(st.integers(1, len(answer) - 1))))
    pieces = [answer[a:b] for a, b in zip([0, *cuts], [*cuts, len(answer)], strict=True)]
    got: list[str] = []

    async def emit(piece: str) -> None:
        got.append(piece)

    async def run() -> None:
        restoring = hidden.restoring(emit)
        for piece in pieces:
            await restoring(piece)
            assert not any("<PERSON_1" in each for each in got)
        await restoring.finish()

    asyncio.run(run())
    assert "".join(got) == PROMPT + " 1 < 2 <b> <PERSON"


def test_the_provider_sees_no_name_and_the_reader_does() -> None:
    hidden = placeholders()
    got: list[str] = []

    async def emit(piece: str) -> None:
        got.append(piece)

    async def ask(url: str, model: str) -> str:
        restoring = hidden.restoring(emit)
        sent = hidden.hide_messages([ChatMessage(role="user", content=PROMPT)])
        completion = await complete(sent, LlmEndpoint(base_url=url, model=model), emit=restoring)
        await restoring.finish()
        return hidden.restore(completion.text)

    with OpenAIServer(lambda prompt: f"You said: {prompt}") as server:
        answer = asyncio.run(ask(server.base_url, server.model))
    assert "Smith" not in str(server.prompts)
    assert "example.com" not in str(server.prompts)
    assert answer == "".join(got) == f"You said: {PROMPT}"


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://localhost:8000/v1", True),
        ("http://[::1]:8000/v1", True),
        ("https://api.openai.com/v1", False),
        ("http://10.0.0.5/v1", False),
        ("http://localhost.example.com/v1", False),
    ],
)
def test_only_this_machine_is_this_machine(url: str, here: bool) -> None:
    assert is_on_this_machine(url) is here
