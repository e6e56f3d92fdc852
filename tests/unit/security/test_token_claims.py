"""What the claims of a token mean."""

import pytest

from neurocortex.errors import ForbiddenError
from neurocortex.security.claims import role_of, scopes_of, tenant_of
from neurocortex.security.issuers import Issuer
from neurocortex.security.roles import SCOPES, Role, Scope

ISSUER = Issuer(
    issuer="https://login", audience="nc", algorithms=("RS256",), jwks_url="https://login/jwks"
)
KEYCLOAK = ISSUER.model_copy(update={"role_claim": "realm_access.roles"})
AUTH0 = ISSUER.model_copy(update={"role_claim": "https://nc.example.com/role"})
FREE = ISSUER.model_copy(update={"highest_role": Role.ADMIN})


def test_a_token_without_a_role_is_a_readers() -> None:
    assert role_of({}, ISSUER) is Role.READER
    assert role_of({"role": None}, ISSUER) is Role.READER


@pytest.mark.parametrize(
    ("claims", "issuer", "role"),
    [
        ({"role": "operator"}, ISSUER, Role.OPERATOR),
        ({"role": ["reader", "operator"]}, ISSUER, Role.OPERATOR),
        ({"role": "admin"}, FREE, Role.ADMIN),
        ({"realm_access": {"roles": ["offline_access", "operator"]}}, KEYCLOAK, Role.OPERATOR),
        ({"realm_access": "operator"}, KEYCLOAK, Role.READER),
        ({"https://nc.example.com/role": "operator"}, AUTH0, Role.OPERATOR),
    ],
)
def test_a_role_is_found_where_the_issuer_puts_it(
    claims: dict[str, object], issuer: Issuer, role: Role
) -> None:
    assert role_of(claims, issuer) is role


@pytest.mark.parametrize(
    "role", ["root", "Admin", "", 3, True, {"admin": True}, ["offline_access"], [], [["admin"]]]
)
def test_an_unknown_role_is_refused_not_made_a_reader(role: object) -> None:
    with pytest.raises(ForbiddenError, match=r"names no role \(reader, operator, admin\)"):
        role_of({"role": role}, FREE)


@pytest.mark.parametrize("role", ["admin", ["reader", "admin"]])
def test_an_issuer_cannot_give_more_than_its_highest_role(role: object) -> None:
    with pytest.raises(ForbiddenError, match="highest_role is operator"):
        role_of({"role": role}, ISSUER)


def test_the_tenant_is_the_tokens() -> None:
    assert tenant_of({"tenant": "acme"}, ISSUER) == "acme"


@pytest.mark.parametrize(
    "tenant", [None, "", "a b", "a:b", "a\n", "*", "-x", "x" * 101, 7, ["acme"], {"x": 1}]
)
def test_a_token_without_a_tenants_name_is_refused(tenant: object) -> None:
    with pytest.raises(ForbiddenError, match="names no tenant"):
        tenant_of({"tenant": tenant}, ISSUER)


def test_scopes_narrow_the_role_and_never_widen_it() -> None:
    assert scopes_of({"scope": "keys:admin"}, ISSUER, Role.READER) == SCOPES[Role.READER]
    scoped = ISSUER.model_copy(update={"scope_claim": "scope"})
    asked = {"scope": "openid requests:read keys:admin"}
    assert scopes_of(asked, scoped, Role.OPERATOR) == {Scope.REQUESTS_READ}
    assert scopes_of({"scope": ["requests:read"]}, scoped, Role.READER) == {Scope.REQUESTS_READ}
    assert scopes_of({}, scoped, Role.OPERATOR) == frozenset()
