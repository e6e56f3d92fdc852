"""API keys, on a real PostgreSQL."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import update

from neurocortex.errors import ApiKeyNotFoundError, LakeUnavailableError
from neurocortex.security.api_key import KeyGrant
from neurocortex.security.first_key import make_first_key
from neurocortex.security.key_store import ApiKeys
from neurocortex.security.keys import read_key
from neurocortex.security.roles import SCOPES, Role, Scope
from neurocortex.security.tables import api_keys

MakeGrant = Callable[..., KeyGrant]


def test_a_key_is_kept_with_all_it_allows(keys: ApiKeys, grant: MakeGrant) -> None:
    ends = datetime.now(UTC) + timedelta(days=90)
    asked = grant(Role.OPERATOR, scopes={Scope.REQUESTS_READ}, expires_at=ends)
    made = keys.create(asked)
    kept = keys.find(made.id)
    assert kept is not None
    assert KeyGrant.model_validate(kept.model_dump(include=set(KeyGrant.model_fields))) == asked
    assert kept.status(datetime.now(UTC)) == "active"
    assert kept.status(ends) == "expired"
    shown = read_key(made.text.get_secret_value())
    assert shown is not None
    assert shown.matches(kept.digest)


def test_the_key_itself_is_nowhere_in_the_database(
    keys: ApiKeys, grant: MakeGrant, keys_url: str
) -> None:
    secret = keys.create(grant()).text.get_secret_value().rpartition("_")[2]
    with psycopg.connect(keys_url) as connection:
        rows = connection.execute("SELECT api_keys::text FROM access.api_keys").fetchall()
    assert len(rows) == 1
    assert secret not in str(rows)
    assert secret.encode().hex() not in str(rows)


def test_a_revoked_key_stays_revoked(keys: ApiKeys, grant: MakeGrant) -> None:
    made = keys.create(grant())
    first = keys.revoke(made.id)
    assert first.status(datetime.now(UTC)) == "revoked"
    assert keys.revoke(made.id).revoked_at == first.revoked_at
    found = keys.find(made.id)
    assert found is not None
    assert found.revoked_at == first.revoked_at
    with pytest.raises(ApiKeyNotFoundError, match="'nobody00'"):
        keys.revoke("nobody00")


def test_keys_are_listed_by_tenant_and_role(keys: ApiKeys, grant: MakeGrant) -> None:
    reader, admin = keys.create(grant()), keys.create(grant(Role.ADMIN, tenant="other"))
    assert [key.id for key in keys.list()] == [admin.id, reader.id]
    assert [key.id for key in keys.list(tenant="acme")] == [reader.id]
    assert [key.id for key in keys.list(role=Role.ADMIN)] == [admin.id]
    assert keys.find("nobody00") is None


def test_there_is_one_first_key_however_many_ask_at_once(keys: ApiKeys, keys_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(make_first_key, [keys_url] * 4))
    (only,) = [key for key in made if key is not None]
    (kept,) = keys.list()
    assert (kept.role, kept.scopes, kept.expires_at) == (Role.ADMIN, SCOPES[Role.ADMIN], None)
    shown = read_key(only.get_secret_value())
    assert shown is not None
    assert shown.matches(kept.digest)


def test_revoking_the_first_key_does_not_bring_another(keys: ApiKeys, keys_url: str) -> None:
    assert make_first_key(keys_url) is not None
    keys.revoke(keys.list()[0].id)
    assert make_first_key(keys_url) is None


def test_a_readers_key_is_no_first_key(keys: ApiKeys, grant: MakeGrant, keys_url: str) -> None:
    keys.create(grant())
    assert make_first_key(keys_url) is not None


def test_a_scope_of_another_version_allows_nothing(keys: ApiKeys, grant: MakeGrant) -> None:
    made = keys.create(grant())
    with keys.engine.begin() as connection:
        scopes = ["requests:read", "moon:land"]
        connection.execute(update(api_keys).values(scopes=scopes))
    kept = keys.find(made.id)
    assert kept is not None
    assert kept.scopes == {Scope.REQUESTS_READ}


def test_a_database_that_was_never_set_up_is_said_so(database_url: str) -> None:
    with (
        ApiKeys(database_url) as store,
        pytest.raises(LakeUnavailableError, match="neurocortex up"),
    ):
        store.find("nobody00")
