from concurrent.futures import ThreadPoolExecutor

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from neurocortex.dead_letters import tables as dead_letters
from neurocortex.embedded.postgres import PLATFORM_DATABASE, PostgresServer
from neurocortex.experiments import tables as experiments
from neurocortex.feedback import tables as feedback
from neurocortex.lake.migration import VERSION_TABLE
from neurocortex.lake.store import Lake
from neurocortex.lake.tables import SCHEMA, Base
from neurocortex.rollout import tables as rollouts
from neurocortex.security import tables as api_keys
from neurocortex.tracking import tables as requests
from neurocortex.webhooks.tables import webhooks


def test_the_migrations_make_the_tables_the_code_knows(lake: Lake) -> None:
    with lake.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "compare_server_default": True,
                "version_table": VERSION_TABLE,
                "version_table_schema": SCHEMA,
            },
        )
        known = [
            Base.metadata,
            dead_letters.metadata,
            api_keys.metadata,
            requests.metadata,
            webhooks.metadata,
            rollouts.metadata,
            experiments.metadata,
            feedback.metadata,
        ]
        assert compare_metadata(context, known) == []  # type: ignore[arg-type] # takes a list too


def test_migrating_again_changes_nothing(lake: Lake) -> None:
    lake.migrate()
    assert lake.check() is None


def test_processes_that_migrate_at_once_do_not_meet(database_url: str) -> None:
    lakes = [Lake(database_url) for _ in range(4)]
    with ThreadPoolExecutor(len(lakes)) as pool:
        list(pool.map(Lake.migrate, lakes))
    assert [lake.check() for lake in lakes] == [None] * len(lakes)
    for lake in lakes:
        lake.close()


def test_the_platforms_own_role_is_enough(postgres_server: PostgresServer) -> None:
    with Lake(postgres_server.url(PLATFORM_DATABASE)) as lake:
        try:
            lake.migrate()
            assert lake.check() is None
        finally:
            with lake.engine.begin() as connection:
                connection.execute(text("DROP SCHEMA lake, work, access CASCADE"))
