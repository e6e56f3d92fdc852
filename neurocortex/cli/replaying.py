"""What `neurocortex dead replay` does, once its arguments are read."""

import time
from collections.abc import Sequence
from uuid import UUID

from neurocortex.cli.console import Steps
from neurocortex.cli.dead_results import run_url
from neurocortex.cli.runs import FINAL, POLL_S
from neurocortex.dead_letters.letter import DeadLetter
from neurocortex.dead_letters.replay import Replay, Replayer
from neurocortex.dead_letters.store import DeadLetters
from neurocortex.embedded.prefect_api import ApiError, FlowRun, PrefectApi
from neurocortex.embedded.running import Running
from neurocortex.errors import NotReplayableError, RunError


def replay_one(
    running: Running, letters: DeadLetters, run: UUID, *, again: bool, wait: bool
) -> None:
    """Replay a run, and with `wait` follow it to its end.

    Raises:
        DeadLetterNotFoundError: there is no letter of it.
        NotReplayableError: Prefect no longer has what it takes.
        RunError: the new run did not complete.
    """
    api, show = PrefectApi(running.api_url), Steps()
    replayed = Replayer(api, letters).replay(letters.get(run), again=again)
    url = run_url(running, str(replayed.run))
    show.note(_said(replayed, url))
    if not replayed.is_new:
        show.note("--again starts another one.")
    if not wait:
        return
    with show.step(replayed.letter.name):
        ended = _end(api, replayed.run)
        if ended.state is None or ended.state.type != "COMPLETED":
            state = ended.state.name if ended.state else "gone"
            reason = (ended.state.message if ended.state else None) or "no reason given"
            raise RunError(ended.name, state, reason, url)


def replay_all(running: Running, letters: DeadLetters, chosen: Sequence[DeadLetter]) -> None:
    """Replay letters, oldest first; go on with the others where one cannot be replayed.

    Raises:
        ApiError: Prefect does not answer; what was replayed until then is noted.
    """
    replayer, show = Replayer(PrefectApi(running.api_url), letters), Steps()
    started = 0
    # Of a run that died twice the newer letter counts: one replay is enough.
    oldest_first = {letter.flow_run: letter for letter in reversed(chosen)}
    for letter in oldest_first.values():
        try:
            replayed = replayer.replay(letter)
        except NotReplayableError as error:
            show.note(str(error))
            continue
        except ApiError as error:
            if error.status is None:
                raise
            show.note(f"{letter.flow_run}: {error}")  # its parameters no longer fit, say
            continue
        started += replayed.is_new
        show.note(_said(replayed, run_url(running, str(replayed.run))))
    show.note(f"{started} of {len(oldest_first)} runs started again.")


def _said(replayed: Replay, url: str) -> str:
    done = "is replayed as" if replayed.is_new else "was replayed before as"
    return f"{replayed.letter.name} {done} {replayed.run}: {url}"


def _end(api: PrefectApi, run: UUID) -> FlowRun:
    """Wait for a run's last state."""
    while True:
        found = api.flow_run(run)
        if found.state is None or found.state.type in FINAL:
            return found
        time.sleep(POLL_S)
