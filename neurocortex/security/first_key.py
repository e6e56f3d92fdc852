"""The first key of a platform: without one nobody could ask for anything."""

from typing import Final

from pydantic import SecretStr

from neurocortex.domain.work import DEFAULT_TENANT
from neurocortex.security.api_key import KeyGrant
from neurocortex.security.key_store import ApiKeys
from neurocortex.security.roles import SCOPES, Role

NAME: Final = "first key"


def make_first_key(database_url: str) -> SecretStr | None:
    """Make an admin key unless one was ever made; return its text, which is kept nowhere.

    A platform whose admin keys were all revoked gets no new one by itself: `neurocortex keys
    create` makes it.

    Raises:
        LakeUnavailableError: PostgreSQL does not answer, or was never set up.
    """
    grant = KeyGrant(tenant=DEFAULT_TENANT, role=Role.ADMIN, scopes=SCOPES[Role.ADMIN], name=NAME)
    with ApiKeys(database_url) as keys:
        made = keys.create_first(grant)
    return made.text if made is not None else None
