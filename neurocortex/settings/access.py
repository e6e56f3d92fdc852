"""Who may ask for what, how much of it, and what is remembered."""

from pathlib import Path

from pydantic import Field

from neurocortex.domain.deployments import Tier
from neurocortex.settings.group import Group


class SecuritySettings(Group):
    """Who may ask the platform for what."""

    key_cache_s: float = Field(
        5,
        ge=0,
        le=60,
        description="A verified credential is believed so long without another look"
        " at the database, at a lock, or at its issuer's keys.",
    )
    session_s: float = Field(
        3600, gt=0, description="A token is good for so long after it was issued, at most."
    )
    issuers: Path | None = Field(
        None, description="TOML file of the issuers whose tokens (JWT) are accepted. Unset: none."
    )
    reader_tier: Tier = Field(Tier.MEDIUM, description="The most urgent tier readers may use.")
    operator_tier: Tier = Field(Tier.HIGH, description="The most urgent tier operators may use.")
    admin_tier: Tier = Field(Tier.CRITICAL, description="The most urgent tier admins may use.")
    lock_after: int = Field(
        3, ge=1, le=100, description="Wrong credentials of one key from one address until a lock."
    )
    lock_address_after: int = Field(
        30, ge=1, le=10_000, description="The same from one address, whatever the keys."
    )
    lock_s: float = Field(
        900, ge=1, le=86400, description="How long the first lock lasts; each next one twice that."
    )
    longest_lock_s: float = Field(86400, ge=1, le=604800, description="No lock lasts longer.")


class RateSettings(Group):
    """How many requests are served, by all gateways together."""

    per_s: float = Field(1000, gt=0, le=1e5, description="Requests per second of all tenants.")
    burst: int = Field(
        1000, ge=1, le=10**6, description="Of all tenants at once, after a quiet moment."
    )
    tenant_per_s: float = Field(
        500, gt=0, le=1e5, description="Requests per second of each tenant."
    )
    tenant_burst: int = Field(
        500, ge=1, le=10**6, description="Of one tenant at once, after a quiet moment."
    )


class AdmissionSettings(Group):
    """How many requests may wait, and when the load is too high for those of lower tiers."""

    critical_queue: int = Field(
        1000, ge=1, description="Requests of tier critical that wait for a flow run, at most."
    )
    high_queue: int = Field(1000, ge=1, description="The same for the tier high.")
    medium_queue: int = Field(5000, ge=1, description="The same for the tier medium.")
    low_queue: int = Field(10000, ge=1, description="The same for the tier low.")
    realtime_concurrency: int = Field(
        100, ge=1, description="Requests of the real-time lane that are worked on at once."
    )
    realtime_buffer: int = Field(
        1000, ge=0, description="Requests that wait for the real-time lane, at most."
    )
    tenant_share: float = Field(
        0.5, gt=0, le=1, description="Part of each of these bounds that one tenant may fill."
    )
    shed_above: float = Field(
        0.85,
        gt=0,
        le=1,
        description="Share of processor, memory or a queue in use above which low requests are"
        " refused unless they would be alone, and half way from there to 1 medium ones; 1: never.",
    )
    shed_for_s: float = Field(
        30, gt=0, description="They are let in again when the load was below for so long."
    )
    place_s: float = Field(
        60, ge=5, description="The place of a request whose gateway died is free after so long."
    )


class TrackingSettings(Group):
    """What is remembered of requests, and how long."""

    write_every_s: float = Field(
        1.0, gt=0, le=60, description="How often what changed is written to PostgreSQL."
    )
    keep_s: float = Field(
        86400, ge=60, description="A request that ended is known for so long, its result too."
    )
    idempotency_s: float = Field(
        86400, ge=60, description="An idempotency key is known for so long after its first use."
    )
    session_s: float = Field(
        3600, gt=0, description="A session ends when it was not used for so long."
    )
    session_context_bytes: int = Field(
        65536, ge=1024, description="Size of what a session may remember, at most."
    )
