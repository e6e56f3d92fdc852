"""Who may do what."""

import itertools

import pytest

from neurocortex.domain.deployments import Tier
from neurocortex.errors import ApiKeyError, ForbiddenError
from neurocortex.security.api_key import narrowed
from neurocortex.security.principal import Principal
from neurocortex.security.roles import DEFAULT_ROLE, SCOPES, Role, Scope, exceeds, is_within


def principal(role: Role, ceiling: Tier, scopes: frozenset[Scope] | None = None) -> Principal:
    return Principal(
        subject="AAAAAAAA",
        tenant="acme",
        role=role,
        scopes=SCOPES[role] if scopes is None else scopes,
        ceiling=ceiling,
        issuer=None,
        expires_at=None,
    )


def test_every_role_may_do_all_that_weaker_ones_may() -> None:
    for weaker, stronger in itertools.pairwise(Role):
        assert SCOPES[weaker] < SCOPES[stronger]
        assert exceeds(stronger, weaker)
        assert not exceeds(weaker, stronger)


def test_the_default_role_changes_nothing() -> None:
    assert DEFAULT_ROLE is Role.READER
    assert all(scope.value.endswith(":read") for scope in SCOPES[DEFAULT_ROLE])


def test_only_admins_make_keys() -> None:
    assert [role for role in Role if Scope.KEYS_ADMIN in SCOPES[role]] == [Role.ADMIN]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("scope", Scope)
def test_a_scope_is_allowed_or_named_in_the_refusal(role: Role, scope: Scope) -> None:
    who = principal(role, Tier.LOW)
    if scope in SCOPES[role]:
        who.require(scope)
    else:
        with pytest.raises(ForbiddenError, match=scope.value) as caught:
            who.require(scope)
        assert caught.value.lacks == scope


@pytest.mark.parametrize("ceiling", Tier)
@pytest.mark.parametrize("tier", Tier)
def test_a_tier_above_the_ceiling_is_refused(tier: Tier, ceiling: Tier) -> None:
    order = list(Tier)
    allowed = order.index(tier) >= order.index(ceiling)
    assert is_within(tier, ceiling) == allowed
    who = principal(Role.READER, ceiling)
    if allowed:
        who.require_tier(tier)
    else:
        with pytest.raises(ForbiddenError, match=tier.value) as caught:
            who.require_tier(tier)
        assert caught.value.lacks == tier


def test_a_key_has_the_scopes_it_was_given_and_no_more_than_its_role() -> None:
    assert narrowed(Role.READER, frozenset()) == SCOPES[Role.READER]
    only = frozenset({Scope.REQUESTS_READ})
    assert narrowed(Role.ADMIN, only) == only
    with pytest.raises(ApiKeyError, match="keys:admin"):
        narrowed(Role.OPERATOR, frozenset({Scope.KEYS_ADMIN, Scope.REQUESTS_READ}))


def test_a_principal_by_key_has_its_id_and_one_by_token_has_none() -> None:
    by_key = principal(Role.READER, Tier.LOW)
    assert by_key.key_id == "AAAAAAAA"
