"""What the stores of services say when PostgreSQL cannot write, or refuses a value."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from neurocortex.batches.store import BatchTable
from neurocortex.batches.values import Item, Reading
from neurocortex.dead_letters.store import DeadLetters
from neurocortex.domain.work import DEFAULT_TENANT
from neurocortex.errors import LakeUnavailableError, TrackingUnavailableError, UnrecordableError
from neurocortex.gateway.problems import problem_of
from neurocortex.lake.store import Lake
from neurocortex.security.api_key import KeyGrant
from neurocortex.security.key_store import ApiKeys
from neurocortex.security.roles import SCOPES, Role
from neurocortex.tracking.table import RequestTable
from neurocortex.webhooks.store import WebhookTable

FULL = sql.SQL("""
    CREATE OR REPLACE FUNCTION public.no_space() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE disk_full USING MESSAGE = 'No space left on device'; END $$
""")
"""As PostgreSQL itself says it: SQLSTATE 53100."""


@contextmanager
def full(url: str, *tables: str) -> Iterator[None]:
    """Have no room for another row of these tables."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(FULL)
        for table in tables:
            connection.execute(
                sql.SQL(
                    "CREATE TRIGGER no_space BEFORE INSERT ON {} EXECUTE FUNCTION public.no_space()"
                ).format(sql.Identifier(*table.split(".")))
            )
        yield


def grant(name: str = "a test's") -> KeyGrant:
    return KeyGrant(tenant=DEFAULT_TENANT, role=Role.READER, scopes=SCOPES[Role.READER], name=name)


def add_batch(url: str) -> None:
    with BatchTable(url) as table:
        table.create(uuid4(), "acme", Reading([Item(1, "echo", b"{}")], [], 0.1))


def add_webhook(url: str) -> None:
    with WebhookTable(url) as table:
        table.add(uuid4(), "https://hooks.example.org")


def add_key(url: str) -> None:
    with ApiKeys(url) as keys:
        keys.create(grant())


@pytest.mark.parametrize(
    ("table", "add"),
    [("work.batches", add_batch), ("work.webhooks", add_webhook), ("access.api_keys", add_key)],
    ids=["batches", "webhooks", "keys"],
)
def test_a_full_disk_is_told_as_such_and_nothing_is_kept(
    database_url: str, table: str, add: Callable[[str], None]
) -> None:
    with Lake(database_url) as lake:
        lake.migrate()
    with full(database_url, table):
        with pytest.raises(LakeUnavailableError, match="No space left on device") as raised:
            add(database_url)
        problem = problem_of(raised.value)
        assert (problem.status, problem.code) == (503, "lake_unavailable")
        assert problem.retry_after_s is not None
        count = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(*table.split(".")))
        with psycopg.connect(database_url) as connection:
            assert connection.execute(count).fetchone() == (0,)


def test_a_value_that_postgresql_refuses_is_told_of(database_url: str) -> None:
    with Lake(database_url) as lake:
        lake.migrate()
    with ApiKeys(database_url) as keys, pytest.raises(UnrecordableError) as raised:
        keys.create(grant().model_copy(update={"name": "a\0b"}))
    assert problem_of(raised.value).status == 400


@pytest.mark.parametrize("store", [ApiKeys, BatchTable, DeadLetters, WebhookTable, RequestTable])
def test_a_store_connects_at_its_first_use(
    store: Callable[[str], ApiKeys | BatchTable | DeadLetters | WebhookTable | RequestTable],
) -> None:
    with (
        store("postgresql://nobody@127.0.0.1:9/none") as opened,
        pytest.raises((LakeUnavailableError, TrackingUnavailableError)),
        opened.transaction(),
    ):
        raise AssertionError("it is not there")
