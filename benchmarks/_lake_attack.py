"""Loads that are killed at random points, and what the Lake holds after each.

`python -m benchmarks._lake_attack URL ROUNDS SEED FOLDER` prints the figures as JSON. A process of
its own, because it forks: the children have everything imported, and kills hit their work.
"""

import json
import multiprocessing
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg
from sqlalchemy import text

from benchmarks import _lake_generations as generations
from benchmarks._lake_generations import COLLECTION, TABLE, HashEmbedder
from neurocortex.datasets import etl
from neurocortex.domain.embedding import Embedder, RecordedEmbedder
from neurocortex.lake.store import Lake
from neurocortex.lake.versions import history

BACKEND_SHARE: Final = 0.3
"""Of the kills hit PostgreSQL's own process of the load: all of PostgreSQL then recovers."""

RECOVERY_S: Final = 60.0
POLL_S: Final = 0.02

ENDED: Final = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
BACKENDS: Final = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
AND application_name = 'neurocortex' ORDER BY state = 'active' DESC
"""
ORPHANS: Final = """
WITH chunks AS (SELECT id FROM lake.chunks),
vectors AS (SELECT chunk_id AS id FROM lake.{table}),
indexed AS (
    SELECT unnest(lengths) >> 24 AS id FROM lake.segments
    EXCEPT SELECT chunk_id FROM lake.dead_chunks
)
SELECT (SELECT count(*) FROM (TABLE vectors EXCEPT TABLE chunks) AS a)
    + (SELECT count(*) FROM (TABLE chunks EXCEPT TABLE vectors) AS b)
    + (SELECT count(*) FROM (TABLE indexed EXCEPT TABLE chunks) AS c)
    + (SELECT count(*) FROM (TABLE chunks EXCEPT TABLE indexed) AS d)
"""


@dataclass(slots=True)
class Attack:
    """One Lake under attack."""

    url: str
    folder: Path
    chance: random.Random
    generation: Counter[str] = field(default_factory=Counter)
    """What each target holds now."""
    figures: Counter[str] = field(default_factory=Counter)

    def run(self, rounds: int) -> Mapping[str, int]:
        """Load and kill so often; return the figures."""
        with self._lake() as lake:
            lake.migrate()
        works = (self._load_documents, self._load_rows)
        durations = {work: self._duration(work) for work in works}
        for turn in range(rounds):
            work = works[turn % 2]
            self._killed(work, self.chance.uniform(0, 1.1 * durations[work]))
            self._judge()
        for work in works:  # and the Lake still takes loads
            self._duration(work)
        self._go_back()
        with self._lake() as lake, lake.engine.connect() as connection:
            left = "SELECT count(*) FROM pg_tables WHERE schemaname = 'lake' AND tablename ~ :name"
            tables = connection.scalar(text(left), {"name": "^vectors_"})
            self.figures["left_vector_tables"] = (tables or 0) - 1
        names = ("partial_loads", "lost_rows", "orphan_vectors", "killed_before_the_end")
        zeros = dict.fromkeys((*names, "completed", "postgresql_killed", "wrong_rollbacks"), 0)
        return {"rounds": rounds, **zeros, **self.figures}

    def _duration(self, work: Callable[[], None]) -> float:
        """Load undisturbed; return how long that took, in seconds."""
        began = time.monotonic()
        child = _forked(work)
        child.join()
        took = time.monotonic() - began
        if child.exitcode != 0:
            raise RuntimeError(f"A load that nobody disturbed ended with {child.exitcode}.")
        self._judge()
        return took

    def _killed(self, work: Callable[[], None], after_s: float) -> None:
        child = _forked(work)
        child.join(after_s)
        if child.exitcode is None:
            self.figures["killed_before_the_end"] += 1
            if self.chance.random() < BACKEND_SHARE and self._kill_backend():
                self.figures["postgresql_killed"] += 1
                child.join()
            child.kill()
        child.join()
        deadline = time.monotonic() + RECOVERY_S
        while not self._is_quiet() and time.monotonic() < deadline:
            time.sleep(POLL_S)

    def _kill_backend(self) -> bool:
        with psycopg.connect(self.url) as connection:
            found = connection.execute(BACKENDS).fetchone()
        if found is None:
            return False
        try:
            os.kill(found[0], signal.SIGKILL)
        except ProcessLookupError:  # the load has just ended
            return False
        return True

    def _is_quiet(self) -> bool:
        try:
            with psycopg.connect(self.url) as connection:
                found = connection.execute(ENDED).fetchone()
        except psycopg.OperationalError:  # it recovers
            return False
        return found == (0,)

    def _judge(self) -> None:
        """Compare what is there with the generation before the load and the one it brings."""
        with self._lake() as lake:
            self._note(COLLECTION, _documents(lake), generations.checksums)
            self._note(TABLE, _rows(lake), generations.rows)
            self.figures["orphan_vectors"] += _orphans(lake)

    def _note(
        self,
        target: str,
        found: Mapping[str, str],
        wanted: Callable[[int], Mapping[str, str]],
    ) -> None:
        before = self.generation[target]
        old = wanted(before) if before else {}
        new = wanted(before + 1)
        if dict(found) == dict(new):
            self.generation[target] += 1
            self.figures["completed"] += 1
        elif dict(found) != dict(old):
            self.figures["partial_loads"] += 1
            self.figures["lost_rows"] += len((old.keys() & new.keys()) - found.keys())

    def _go_back(self) -> None:
        """Return both to the version before, and see that it is the generation before."""
        with self._lake() as lake:
            for target, wanted, read in (
                (COLLECTION, generations.checksums, _documents),
                (TABLE, generations.rows, _rows),
            ):
                present = history.versions(lake, target)[0].version
                history.rollback(lake, target, present - 1)
                if dict(read(lake)) != dict(wanted(self.generation[target] - 1)):
                    self.figures["wrong_rollbacks"] += 1
            self.figures["orphan_vectors"] += _orphans(lake)

    def _load_documents(self) -> None:
        generation = self.generation[COLLECTION] + 1
        with self._lake() as lake:
            lake.load_documents(
                COLLECTION,
                generations.documents(generation),
                HashEmbedder(),
                removed=generations.removed(generation),
            )

    def _load_rows(self) -> None:
        spec = generations.dataset(self.folder, self.generation[TABLE] + 1)
        with self._lake() as lake:
            etl.run(spec, lake.engine, chunk_rows=generations.CHUNK_ROWS)

    def _lake(self) -> Lake:
        return Lake(self.url, restore=_restored)


def _restored(recorded: RecordedEmbedder) -> Embedder:  # noqa: ARG001 - there is one model
    return HashEmbedder()


def _forked(work: Callable[[], None]) -> multiprocessing.process.BaseProcess:
    child = multiprocessing.get_context("fork").Process(target=_quietly, args=(work,))
    child.start()
    return child


def _quietly(work: Callable[[], None]) -> None:
    """Run in a child: what a killed PostgreSQL makes it say is expected."""
    sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - until the child ends
    work()


def _documents(lake: Lake) -> Mapping[str, str]:
    return lake.checksums(COLLECTION)


def _rows(lake: Lake) -> Mapping[str, str]:
    with lake.engine.connect() as connection:
        if connection.scalar(text("SELECT to_regclass('data.readings')")) is None:
            return {}
        return {str(row.id): row.text for row in connection.execute(text("TABLE data.readings"))}


def _orphans(lake: Lake) -> int:
    """Return how many chunks, vectors and postings have no counterpart."""
    with lake.engine.connect() as connection:
        table = connection.scalar(text("SELECT vector_table FROM lake.collections"))
        if table is None:
            return 0
        return int(connection.scalar(text(ORPHANS.format(table=table))) or 0)


if __name__ == "__main__":
    address, rounds, seed, folder = sys.argv[1:]
    attack = Attack(address, Path(folder), random.Random(int(seed)))
    print(json.dumps(attack.run(int(rounds))))
