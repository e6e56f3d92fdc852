"""PostgreSQL is killed in the middle of a load: the table is as it was, and the next load works."""

from collections.abc import Callable, Iterator
from threading import Timer
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, text

from neurocortex.datasets import etl
from neurocortex.datasets.spec import DatasetSpec
from neurocortex.embedded.postgres import PLATFORM_DATABASE
from neurocortex.errors import LakeUnavailableError, LoadError
from neurocortex.lake import loads, quarantine
from neurocortex.lake.database import connect
from neurocortex.lake.loads import LoadStatus
from neurocortex.lake.migration import migrate

if TYPE_CHECKING:
    from tests.integration.conftest import MortalServer

People = Callable[..., DatasetSpec]


@pytest.fixture
def mortal_lake(mortal: "MortalServer") -> Iterator[Engine]:
    engine = connect(mortal.server.url(PLATFORM_DATABASE), pool_size=2)
    migrate(engine)
    yield engine
    engine.dispose()


def names(lake: Engine) -> list[str]:
    with lake.connect() as connection:
        return list(connection.scalars(text("SELECT name FROM data.people ORDER BY id")))


def test_killed_while_staging(mortal: "MortalServer", mortal_lake: Engine, people: People) -> None:
    etl.run(people("1,Ada,,\n"), mortal_lake)
    spec = people("".join(f"{row},New,,\n" if row % 2 else f"{row},,,\n" for row in range(1, 21)))

    def kill_after_the_first_chunk(progress: etl.Progress) -> None:
        if progress.extracted == 4:
            mortal.kill()

    with pytest.raises(LakeUnavailableError):
        etl.run(spec, mortal_lake, chunk_rows=4, progress=kill_after_the_first_chunk)
    with pytest.raises(LakeUnavailableError):
        etl.run(spec, mortal_lake)
    mortal.start()
    assert names(mortal_lake) == ["Ada"]
    with mortal_lake.connect() as connection:
        kept = quarantine.entries(connection, quarantine.Choice("data.people"), 100)
    assert sorted(entry.refused.row or 0 for entry in kept) == [2, 4]

    outcome = etl.run(spec, mortal_lake)
    assert outcome.report.loaded == 10
    with mortal_lake.connect() as connection:
        last, killed, _ = loads.latest(connection, 3)
        left = connection.scalar(
            text("SELECT count(*) FROM pg_tables WHERE schemaname = 'staging'")
        )
    assert (last.status, killed.status) == (LoadStatus.COMPLETED, LoadStatus.FAILED)
    assert "interrupted" in (killed.reason or "")
    assert left == 0


def test_killed_while_publishing(
    mortal: "MortalServer", mortal_lake: Engine, people: People
) -> None:
    etl.run(people("1,Ada,,\n"), mortal_lake)
    with mortal_lake.begin() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS"
                " 'BEGIN PERFORM pg_sleep(30); RETURN NEW; END'"
            )
        )
        connection.execute(
            text(
                "CREATE TRIGGER dawdle BEFORE INSERT ON data.people"
                " FOR EACH ROW EXECUTE FUNCTION dawdle()"
            )
        )
    spec = people("2,Alan,,\n")
    staged = etl.stage(spec, mortal_lake)
    killer = Timer(0.5, mortal.kill)
    killer.start()
    with pytest.raises(LakeUnavailableError):
        etl.publish(spec, mortal_lake, staged)
    killer.join()
    mortal.start()
    assert names(mortal_lake) == ["Ada"]
    with pytest.raises(LoadError, match="PostgreSQL crashed in between"):
        etl.publish(spec, mortal_lake, staged)
    with mortal_lake.connect() as connection:
        assert loads.latest(connection, 1)[0].status is LoadStatus.FAILED
