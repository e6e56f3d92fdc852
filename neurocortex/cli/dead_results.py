"""Print dead letters."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from neurocortex.cli.console import console, table
from neurocortex.dead_letters.letter import DeadLetter
from neurocortex.embedded.running import Running

ERROR_CHARS: Final = 60
"""Of the message in a list, where it stands beside a run's id of 36."""


def as_json(letters: Sequence[DeadLetter]) -> str:
    """Return letters as a JSON list."""
    return json.dumps([letter.model_dump(mode="json") for letter in letters], indent=2)


def show_list(letters: Sequence[DeadLetter]) -> None:
    """Print one line for each letter."""
    if not letters:
        console().print("No run failed for good.")
        return
    shown = table("run", "when", "tier", "flow", "state", "attempts", "error", "replayed")
    shown.columns[0].no_wrap = True  # to be copied into the next command
    for letter in letters:
        shown.add_row(
            str(letter.flow_run),
            _time(letter.created),
            letter.tier,
            letter.flow,
            letter.state,
            str(letter.attempts),
            _error(letter),
            "yes" if letter.replayed_as else "",
        )
    console().print(shown)


def show_letter(letter: DeadLetter, running: Running) -> None:
    """Print all that is kept of a run."""
    out = console()
    facts = table("", "")
    facts.show_header = False
    for name, value in (
        ("run", f"{letter.name} ({run_url(running, str(letter.flow_run))})"),
        ("deployment", f"{letter.flow}/{letter.deployment}" if letter.deployment else "-"),
        ("tier", letter.tier or "-"),
        ("tenant", letter.tenant),
        ("attempts", str(letter.attempts)),
        ("recorded", _time(letter.created)),
        ("state", letter.state),
        ("error", letter.error_type or "-"),
        ("replayed as", str(letter.replayed_as or "-")),
    ):
        facts.add_row(name, value)
    out.print(facts)
    out.print(f"\n{letter.message or 'No message.'}\n", soft_wrap=True)
    out.print("Parameters (secrets hidden):")
    out.print(
        json.dumps(json.loads(letter.parameters), indent=2, ensure_ascii=False), soft_wrap=True
    )
    out.print("\nHistory:")
    history = table("when", "state", "message")
    for state in letter.history:
        history.add_row(_time(state.at), state.name, state.message)
    out.print(history)


def run_url(running: Running, run: str) -> str:
    """Return the page of a run in Prefect's UI."""
    return f"{running.api_url.removesuffix('/api')}/runs/flow-run/{run}"


def _time(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _error(letter: DeadLetter) -> str:
    text = " ".join((letter.error_type or letter.message or "-").split())
    return text if len(text) <= ERROR_CHARS else f"{text[: ERROR_CHARS - 1]}…"
