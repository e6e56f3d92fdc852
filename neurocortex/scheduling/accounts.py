"""Virtual time: what each tier and tenant has been served, by weight.

Start-time fair queueing (Goyal, Vin, Cheng 1996), once between the tiers and once between the
tenants of each tier. A start raises the account of its tier by cost / weight; the account that is
lowest is next. A clock per level holds the tag of the latest start, and an account counts as no
less than its clock: whoever was idle comes back level with those who were being served, no
earlier, so that idleness earns nothing, and no later, so that nobody starves.

The ledger needs to know none of this. A clock is an account that is charged 0 with the tag as
floor; `max(account, floor) + 0` is what moves it on. An account at or below its clock says
nothing any more and may be forgotten.
"""

from collections.abc import Mapping
from typing import Final

from neurocortex.domain.deployments import Tier
from neurocortex.domain.work import Charge

CLOCK: Final = "now"
"""Clock of the tiers."""

AGED: Final = "aged"
"""Account of the runs that have waited too long; its clock is that of the tiers."""


def tenant_account(tier: Tier, tenant: str) -> str:
    """Return the account of a tenant in a tier."""
    return f"{tier.value}/{tenant}"


def tenants_clock(tier: Tier) -> str:
    """Return the clock of a tier's tenants; no tenant can be called so."""
    return f"{tier.value}:now"


class Accounts:
    """The accounts of a snapshot, and what has been charged since."""

    def __init__(self, known: Mapping[str, float]) -> None:
        """Begin with these virtual times, in cpu-seconds per weight."""
        self._known = known
        self._changed: dict[str, float] = {}

    def at(self, account: str) -> float:
        """Return the virtual time of an account; one never heard of is at 0."""
        found = self._changed.get(account)
        return self._known.get(account, 0.0) if found is None else found

    def tag(self, account: str, clock: str) -> float:
        """Return the start tag: the account, or its clock if that is later."""
        return max(self.at(account), self.at(clock))

    def charge(self, charge: Charge) -> None:
        """Charge as the ledger will."""
        self._changed[charge.account] = max(self.at(charge.account), charge.floor) + charge.amount
