"""Where API keys are kept: a table of the platform's PostgreSQL."""

from typing import Final

from sqlalchemy import Connection, Row, desc, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from neurocortex.errors import ApiKeyError, ApiKeyNotFoundError
from neurocortex.lake.service_store import ServiceStore
from neurocortex.security.api_key import ApiKey, KeyGrant
from neurocortex.security.keys import NewKey, new_key
from neurocortex.security.roles import Role, Scope
from neurocortex.security.tables import api_keys

POOL_SIZE: Final = 4
"""A gateway asks for each key once in a few seconds."""

STATEMENT_TIMEOUT_S: Final = 5.0
"""A request waits for the answer, which is one row found by its primary key."""

FIRST_KEY_LOCK: Final = 0x4B455953
"""Key of the advisory lock that lets one process at a time make the first key ("KEYS" in ASCII)."""

ATTEMPTS: Final = 3
"""To draw a public id that nobody has: one is enough but once in 2e14."""


class ApiKeys(ServiceStore):
    """API keys in the database of the Lake, whose migrations make their table.

    Safe to use from several threads and processes. Every method raises LakeUnavailableError where
    PostgreSQL refuses, is gone, or was never set up.
    """

    def __init__(self, url: str) -> None:
        """Open the store at a `postgresql://` address; it connects at first use."""
        super().__init__(url, pool_size=POOL_SIZE, statement_timeout_s=STATEMENT_TIMEOUT_S)

    def create(self, grant: KeyGrant) -> NewKey:
        """Make a key and return it, with its text, which cannot be had again.

        Raises:
            ApiKeyError: no public id could be drawn that nobody has.
        """
        with self.transaction() as connection:
            return _create(connection, grant)

    def create_first(self, grant: KeyGrant) -> NewKey | None:
        """Make a key unless one of its role was ever made, also by another process just now."""
        of_role = select(api_keys.c.id).where(api_keys.c.role == grant.role).limit(1)
        with self.transaction() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": FIRST_KEY_LOCK})
            if connection.execute(of_role).first() is not None:
                return None
            return _create(connection, grant)

    def find(self, key_id: str) -> ApiKey | None:
        """Return a key by its public id, whatever its status."""
        with self.transaction() as connection:
            found = connection.execute(select(api_keys).where(api_keys.c.id == key_id)).first()
        return _key(found) if found is not None else None

    def list(self, *, tenant: str | None = None, role: Role | None = None) -> tuple[ApiKey, ...]:
        """Return all keys, or a tenant's or a role's, youngest first."""
        query = select(api_keys).order_by(desc(api_keys.c.created_at), api_keys.c.id)
        if tenant is not None:
            query = query.where(api_keys.c.tenant == tenant)
        if role is not None:
            query = query.where(api_keys.c.role == role)
        with self.transaction() as connection:
            return tuple(_key(row) for row in connection.execute(query))

    def revoke(self, key_id: str) -> ApiKey:
        """End a key for good and return it; one that was revoked before stays as it was.

        Raises:
            ApiKeyNotFoundError: there is none.
        """
        change = (
            update(api_keys)
            .where(api_keys.c.id == key_id)
            .values(revoked_at=func.coalesce(api_keys.c.revoked_at, func.now()))
            .returning(api_keys)
        )
        with self.transaction() as connection:
            found = connection.execute(change).first()
        if found is None:
            raise ApiKeyNotFoundError(key_id)
        return _key(found)


def _create(connection: Connection, grant: KeyGrant) -> NewKey:
    for _ in range(ATTEMPTS):
        made = new_key()
        row = insert(api_keys).values(
            id=made.id,
            digest=made.digest,
            name=grant.name,
            tenant=grant.tenant,
            role=grant.role,
            scopes=sorted(grant.scopes),
            expires_at=grant.expires_at,
        )
        done = row.on_conflict_do_nothing(index_elements=[api_keys.c.id]).returning(api_keys.c.id)
        if connection.execute(done).first() is not None:
            return made
    raise ApiKeyError("No free public id was found for a new API key. Try again.")


def _key(row: Row[tuple[object, ...]]) -> ApiKey:
    found = dict(row._mapping)
    # A scope of another version allows nothing here; the key's others do.
    scopes = [scope for scope in Scope if scope.value in row.scopes]
    return ApiKey.model_validate({**found, "scopes": scopes})
