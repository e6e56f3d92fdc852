"""How programs are served: the gateway, batches, the real-time lane, events."""

from pydantic import Field, SecretStr

from neurocortex.settings.group import Group


class GatewaySettings(Group):
    """How programs are served over HTTP."""

    host: str = Field("127.0.0.1", description="Address it listens on. Others than this: add TLS.")
    pipelines: tuple[str, ...] = Field(
        (
            "flows.pipelines.echo",
            "flows.pipelines.embed",
            "flows.pipelines.search",
            "flows.pipelines.answer",
            "flows.pipelines.chat",
            "flows.pipelines.summarise",
            "flows.pipelines.extract",
            "flows.pipelines.classify",
            "flows.pipelines.run_pipeline",
            "flows.pipelines.agent",
            "flows.pipelines.predict",
            "flows.pipelines.train",
            "flows.pipelines.upsert",
            "flows.pipelines.delete",
        ),
        min_length=1,
        description="Modules with a PIPELINE each: the operations that programs may ask for.",
    )
    cors_origins: tuple[str, ...] = Field(
        (), description="Web pages of these origins may call it, e.g. https://app.example.org."
    )
    trusted_proxies: tuple[str, ...] = Field(
        (), description="Addresses whose X-Forwarded-For is believed. Unset: nobody's."
    )
    max_body_mb: float = Field(1, gt=0, le=1024, description="A larger request is refused.")
    max_head_kb: float = Field(32, ge=4, le=1024, description="The same for its headers.")
    receive_timeout_s: float = Field(
        10, gt=0, le=600, description="A request must have come in after so long: slow ones end."
    )
    longest_wait_s: float = Field(
        60, gt=0, le=3600, description="How long a call may wait for a request to end, at most."
    )
    connections: int = Field(
        4096, ge=1, le=100_000, description="Connections at once; further ones are refused."
    )
    drain_s: float = Field(
        10, ge=0, le=600, description="How long requests may go on when it is told to stop."
    )


class RoutingSettings(Group):
    """What the router learns from finished runs."""

    learned: bool = Field(
        True, description="Use what was learned where it does better than the pipelines' rules."
    )
    least_runs: int = Field(
        200, ge=100, le=1_000_000, description="Of an operation, before anything is learned of it."
    )
    runs_kept: int = Field(
        10_000,
        ge=100,
        le=1_000_000,
        description="Sampled real-time runs of an operation that are kept to learn from, about.",
    )
    learn_from_days: float = Field(
        30, gt=0, le=3650, description="Older flow runs are not learned from."
    )
    stale_days: float = Field(
        7, gt=0, le=365, description="What was learned longer ago is not used any more."
    )
    refresh_s: float = Field(
        30, ge=1, le=3600, description="A gateway reads so often what was learned."
    )


class BatchSettings(Group):
    """How large a batch of requests may be, and how much of it is worked on at once."""

    max_items: int = Field(10_000, ge=1, le=100_000, description="Lines of a batch, at most.")
    max_body_mb: float = Field(32, gt=0, le=1024, description="A larger batch is refused.")
    receive_timeout_s: float = Field(
        60, gt=0, le=600, description="A batch must have come in after so long."
    )
    at_once: int = Field(
        256, ge=1, le=4096, description="Items of a batch that are worked on at once, at most."
    )
    memory_mb: float = Field(
        768,
        gt=0,
        description="A run takes fewer items at once when it holds nearly so much memory. Keep it"
        " below the job variable `memory` of the deployments run-batch.",
    )


class WebhookSettings(Group):
    """Where programs may be told of the end of a request or batch, and how that is signed."""

    origins: tuple[str, ...] = Field(
        (), description="Webhooks go to these only, e.g. https://hooks.example.org. Unset: nowhere."
    )
    signing_key: SecretStr | None = Field(
        None, description="whsec_ and 24 to 64 bytes in Base64, which receivers verify with."
    )
    timeout_s: float = Field(10, gt=0, le=60, description="An attempt that takes longer fails.")
    max_attempts: int = Field(8, ge=1, le=12, description="Then a webhook is given up.")
    first_delay_s: float = Field(
        5, gt=0, le=600, description="Before the second attempt; each later delay is four times."
    )


class RealtimeSettings(Group):
    """How the real-time lane works, and each of its processes."""

    processes: int = Field(
        2, ge=1, le=16, description="Of the lane: where one ends, another takes over at once."
    )
    pipelines: int = Field(
        50, ge=1, le=10_000, description="Requests that a process works on at once."
    )
    timeout_s: float = Field(30, gt=0, le=60, description="A request that takes longer fails.")
    threads: int = Field(16, ge=1, le=256, description="Tasks at once that are not `async`.")
    window_s: float = Field(
        5, ge=1, le=3600, description="So much of its work is one task run in Prefect's UI."
    )
    lost_after_s: float = Field(
        3,
        ge=0.5,
        le=60,
        description="After so long without a sign of life others take over what it worked on.",
    )
    max_attempts: int = Field(
        3, ge=2, le=10, description="A request that ended so many processes is given up."
    )
    max_batch: int = Field(64, ge=1, le=4096, description="Requests in a micro-batch, at most.")
    batch_wait_ms: float = Field(
        20, ge=0, le=1000, description="A micro-batch waits so long for more requests, at most."
    )
    blocks_s: float = Field(
        30, ge=1, le=3600, description="A Prefect block is read again when it is older than this."
    )
    replays_per_minute: int = Field(
        6, ge=0, le=600, description="Failed requests that become flow runs which try them again."
    )
    drain_s: float = Field(
        10, ge=0, le=600, description="How long requests may go on when it is told to stop."
    )


class StreamSettings(Group):
    """How events are kept and handled."""

    handlers: tuple[str, ...] = Field(
        (), description="Modules whose register(handlers, requests) adds handlers."
    )
    max_waiting: int = Field(
        100_000,
        ge=1,
        description="Events that wait for their handler, at most; then none is taken.",
    )
    keep: int = Field(10_000, ge=1, description="Events set aside that are kept, about.")
    remember_s: int = Field(
        86_400, ge=1, description="An event published again within this time is one event."
    )
    at_once: int = Field(16, ge=1, description="Events handled at once by one process.")
    handler_timeout_s: float = Field(60.0, gt=0, description="A handler that takes longer fails.")
