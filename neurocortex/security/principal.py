"""Who asks: what a credential has proved."""

from dataclasses import dataclass

from neurocortex.domain.deployments import Tier
from neurocortex.errors import ForbiddenError
from neurocortex.security.roles import Role, Scope, is_within


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, by a verified credential: nothing in it comes from a request's body."""

    subject: str
    """Who: the public id of an API key, or a token's `sub`."""
    tenant: str
    """Whose work it is: requests, sessions, cached answers and limits are its own. The Lake's
    collections are everybody's."""
    role: Role
    scopes: frozenset[Scope]
    """What it may do: those of the role, or fewer."""
    ceiling: Tier
    """The most urgent tier it may use."""
    issuer: str | None
    """Who vouches for a token; None: it is an API key of ours."""
    expires_at: float | None
    """Seconds since the epoch; None: never."""

    @property
    def key_id(self) -> str | None:
        """The public id of the API key; None for a token."""
        return self.subject if self.issuer is None else None

    def require(self, scope: Scope) -> None:
        """Make sure that it may do something.

        Raises:
            ForbiddenError: it may not.
        """
        if scope not in self.scopes:
            raise ForbiddenError(
                f"This needs the scope {scope}, which your credential ({self.role}) lacks.", scope
            )

    def require_tier(self, tier: Tier) -> None:
        """Make sure that it may use a tier.

        Raises:
            ForbiddenError: the tier is more urgent than its role may use.
        """
        if not is_within(tier, self.ceiling):
            raise ForbiddenError(
                f"The tier {tier} is above {self.ceiling}, the most urgent one that your"
                f" credential ({self.role}) may use.",
                tier,
            )
