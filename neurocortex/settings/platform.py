"""Embedded services, tasks and dead letters."""

from pydantic import Field

from neurocortex.settings.group import Group


class PortSettings(Group):
    """Where the embedded services listen on 127.0.0.1. Unset: the usual port, or a free one."""

    postgres: int | None = Field(None, ge=0, le=65535, description="PostgreSQL (usually 54320).")
    redis: int | None = Field(None, ge=0, le=65535, description="Redis (usually 63790).")
    prefect: int | None = Field(
        None, ge=0, le=65535, description="Prefect API and UI (usually 4200)."
    )
    gateway: int | None = Field(
        None, ge=0, le=65535, description="The gateway for programs (usually 8080)."
    )
    grpc: int | None = Field(None, ge=0, le=65535, description="Its gRPC (usually 8081).")


class EmbeddedSettings(Group):
    """How the embedded services are started and watched."""

    start_timeout_s: float = Field(
        120.0, gt=0, description="How long one service may take to become ready."
    )
    stop_timeout_s: float = Field(
        15.0, gt=0, description="How long one service may take to stop before it is killed."
    )
    max_restarts: int = Field(
        5, ge=0, description="How often within a minute a service that died is started again."
    )
    health_every_s: float = Field(
        10.0, gt=0, description="How often a service is asked whether it still answers."
    )
    health_timeout_s: float = Field(5.0, gt=0, description="How long its answer may take.")
    health_failures: int = Field(
        5, ge=1, description="Bad answers in a row after which a service is started again."
    )


class TaskSettings(Group):
    """What every task does when it fails or hangs."""

    retries: int = Field(3, ge=0, description="How often a failed task is tried again.")
    first_delay_s: float = Field(1.0, ge=0, description="Wait before the first retry.")
    backoff: float = Field(1.5, ge=1, description="Each wait is this much longer than the last.")
    jitter: float = Field(0.5, ge=0, le=1, description="Random share added to each wait.")
    timeout_s: float = Field(300.0, gt=0, description="A task that runs longer fails.")
    load_timeout_s: float = Field(
        3600.0, gt=0, description="The same for tasks that load data, whose size is unbounded."
    )


class DeadLetterSettings(Group):
    """What is kept of runs that failed for good."""

    keep_days: int = Field(
        90, ge=1, le=36500, description="After so many days a dead letter is deleted."
    )
