"""How tiers share capacity, and what one worker offers."""

from pydantic import Field

from neurocortex.settings.group import Group


class TierSettings(Group):
    """At most so many flow runs of each tier at once, however idle the other tiers are."""

    critical: int = Field(64, ge=1, description="Concurrent runs in the pool critical, at most.")
    high: int = Field(64, ge=1, description="Concurrent runs in the pool high, at most.")
    medium: int = Field(64, ge=1, description="Concurrent runs in the pool medium, at most.")
    low: int = Field(64, ge=1, description="Concurrent runs in the pool low, at most.")


class SchedulingSettings(Group):
    """How the tiers share the capacity of all workers."""

    critical_reserve: float = Field(
        0.25, ge=0, lt=1, description="Share of the slots that only critical runs may take."
    )
    critical_weight: float = Field(
        8, gt=0, description="Share of the tier critical beyond its reserve, against the others."
    )
    high_weight: float = Field(4, gt=0, description="Share of the tier high, against the others.")
    medium_weight: float = Field(2, gt=0, description="Share of the tier medium.")
    low_weight: float = Field(1, gt=0, description="Share of the tier low.")
    high_wait_s: float = Field(
        60, gt=0, description="A high run that has waited so long goes before its tier's share."
    )
    medium_wait_s: float = Field(600, gt=0, description="The same for medium runs.")
    low_wait_s: float = Field(3600, gt=0, description="The same for low runs.")
    contended_above: float = Field(
        0.8, gt=0, le=1, description="Share of slots in use above which lent capacity is reclaimed."
    )
    allocate_every_s: float = Field(
        1.0, gt=0, description="How often capacity is lent and reclaimed."
    )


class WorkerSettings(Group):
    """What one worker offers, and how it runs flows."""

    slots: int | None = Field(
        None, ge=1, description="Flow runs at once. Unset: twice the cores, at least 4."
    )
    cpu: float | None = Field(
        None, gt=0, description="Cores to share out. Unset: one for each slot."
    )
    memory_mb: float | None = Field(
        None, gt=0, description="Memory to share out. Unset: three quarters of the machine's."
    )
    storage_mb: float | None = Field(
        None, gt=0, description="Scratch space to share out. Unset: half of what is free."
    )
    network_mbps: float = Field(1000, gt=0, description="Network to share out.")
    lease_s: float = Field(
        30, ge=3, description="After so long without a sign of life a worker's runs are given up."
    )
    restarts: int = Field(
        3,
        ge=0,
        le=100,
        description="How often a run that may start again does so, once its process was lost.",
    )
    drain_s: float = Field(
        10, ge=0, description="How long running flows may go on when the worker is told to stop."
    )
    poll_s: float = Field(
        0.5, gt=0, le=60, description="Between two looks for runs that nobody announced."
    )
    keep_results_days: int = Field(
        7, ge=1, le=36500, description="After so many days the result of an ended run is deleted."
    )
