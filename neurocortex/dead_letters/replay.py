"""Run again what failed for good."""

import json
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from neurocortex.dead_letters.letter import LANE_FLOW, LANE_REPLAY, DeadLetter
from neurocortex.dead_letters.redaction import is_whole
from neurocortex.dead_letters.store import DeadLetters
from neurocortex.domain.work import TENANT_TAG
from neurocortex.embedded.prefect_api import PrefectApi, Submission
from neurocortex.errors import NotReplayableError

FIRST: Final = "first"
DEAD: Final = frozenset({"FAILED", "CRASHED"})
"""As `collect.is_dead`, which imports Prefect: a command saves those two seconds."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The run that repeats a dead letter's."""

    letter: DeadLetter
    run: UUID
    is_new: bool
    """False where it was started before, by anybody."""


@dataclass(frozen=True, slots=True)
class Replayer:
    """Starts dead letters' runs again on a Prefect server."""

    api: PrefectApi
    letters: DeadLetters

    def replay(self, letter: DeadLetter, *, again: bool = False) -> Replay:
        """Start a run of the same deployment, with the parameters, job variables and tags of the
        letter's run, as Prefect has them. A request of the real-time lane, which had no run, is
        done again by a run of `replay-request`.

        However many people replay a letter at once, one run is started: Prefect makes one for each
        idempotency key, and the key names the letter and the replay before.

        Args:
            letter: as it was read from the store.
            again: start one even if the letter was replayed before, or its run tried again.

        Raises:
            NotReplayableError: Prefect no longer has the run or its deployment, somebody tried
                the run again in Prefect itself, or the request was not kept as it was.
            ApiError: Prefect does not answer, or refuses the parameters.
            LakeUnavailableError: the run was started, but could not be noted; replay again, which
                starts no second one.
        """
        if letter.replayed_as is not None and not again:
            return Replay(letter, letter.replayed_as, is_new=False)
        what = self._request(letter) if letter.flow == LANE_FLOW else self._run(letter, again)
        if what.deployment_id is None:
            raise NotReplayableError(letter.flow_run, _without_deployment(letter))
        made = self.api.submit(what.deployment_id, what, _key(letter))
        if made is None:
            raise NotReplayableError(letter.flow_run, _without_deployment(letter))
        is_new = self.letters.mark_replayed(letter, made.id)
        return Replay(letter, made.id, is_new)

    def _request(self, letter: DeadLetter) -> Submission:
        if not is_whole(letter.parameters):
            raise NotReplayableError(
                letter.flow_run,
                "it was kept without its secrets and long texts. Whoever asked can ask again.",
            )
        deployment = self.api.deployment(LANE_REPLAY)
        return Submission(
            deployment_id=deployment.id if deployment is not None else None,
            parameters={"request": json.loads(letter.parameters)},
            tags=[f"{TENANT_TAG}{letter.tenant}"],
        )

    def _run(self, letter: DeadLetter, again: bool) -> Submission:
        what = self.api.submission(letter.flow_run)
        if what is None:
            raise NotReplayableError(
                letter.flow_run, "somebody deleted it in Prefect, and its parameters with it."
            )
        if not again and what.state is not None and what.state.type not in DEAD:
            raise NotReplayableError(
                letter.flow_run,
                f"it was tried again in Prefect, and is {what.state.name} now. --again starts"
                " another one all the same.",
            )
        return what


def _key(letter: DeadLetter) -> str:
    return f"replay/{letter.flow_run}/{letter.attempts}/{letter.replayed_as or FIRST}"


def _without_deployment(letter: DeadLetter) -> str:
    if letter.flow == LANE_FLOW:
        return f"there is no deployment {LANE_REPLAY}: `neurocortex deploy` makes it."
    if letter.deployment is None:
        return "it is of no deployment. Start its flow yourself."
    return (
        f"its deployment {letter.flow}/{letter.deployment} is gone."
        " Put it back and start a run of it with these parameters."
    )
