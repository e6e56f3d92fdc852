"""What `neurocortex up` has to start, and what exists already."""

from collections.abc import Iterator
from dataclasses import dataclass

from neurocortex.embedded import credentials, external, ports, redis_server, state
from neurocortex.embedded.home import Home
from neurocortex.embedded.postgres import PREFECT_DATABASE, PostgresServer
from neurocortex.embedded.prefect_server import PrefectServer
from neurocortex.embedded.redis_server import RedisServer
from neurocortex.embedded.running import Running
from neurocortex.settings import Settings


@dataclass(frozen=True, slots=True)
class Plan:
    """The servers to start, None for each that exists; and where all are reached then."""

    postgres: PostgresServer | None
    redis: RedisServer | None
    prefect: PrefectServer | None
    gateway_port: int
    """It is always started, as the worker and the lane are."""
    grpc_port: int
    """The gateway's too."""
    running: Running


def make(settings: Settings, home: Home) -> Plan:
    """Decide from the settings, and choose the ports.

    Raises:
        PortInUseError: a port that was set is held by another process.
        ServiceError: the passwords in the home folder cannot be read.
    """
    secrets = credentials.read_or_make(home.folder)
    wanted, last = settings.ports, state.read_ports(home.run)
    postgres = redis = prefect = None
    if settings.database_url is None:
        postgres = PostgresServer(
            data=home.postgres,
            log=home.turn_over("postgres"),
            port=ports.choose("postgres", wanted.postgres, last.postgres),
            superuser_password=secrets.superuser.get_secret_value(),
            owner_password=secrets.owner.get_secret_value(),
        )
    if settings.redis_url is None:
        redis = RedisServer(
            data=home.redis,
            log=home.turn_over("redis"),
            port=ports.choose("redis", wanted.redis, last.redis),
            password=secrets.redis.get_secret_value(),
        )
    if settings.prefect_api_url is None:
        prefect = PrefectServer(
            home=home.prefect,
            log=home.turn_over("prefect"),
            port=ports.choose("prefect", wanted.prefect, last.prefect),
            database_url=_prefect_database_url(settings, postgres),
            redis_url=_redis_url(settings, redis, redis_server.PREFECT_DATABASE),
        )
    gateway_port = ports.choose("gateway", wanted.gateway, last.gateway)
    grpc_port = ports.choose("grpc", wanted.grpc, last.grpc)
    state.write_ports(
        home.run,
        state.Ports(
            postgres=postgres.port if postgres else last.postgres,
            redis=redis.port if redis else last.redis,
            prefect=prefect.port if prefect else last.prefect,
            gateway=gateway_port,
            grpc=grpc_port,
        ),
    )
    running = Running(
        settings=settings,
        home=home,
        database_url=_database_url(settings, postgres),
        redis_url=_redis_url(settings, redis, redis_server.PLATFORM_DATABASE),
        api_url=prefect.api_url if prefect else str(settings.prefect_api_url),
    )
    return Plan(postgres, redis, prefect, gateway_port, grpc_port, running)


def detours(plan: Plan) -> Iterator[str]:
    """Yield a sentence for each service that does not listen where people would look for it."""
    for service, port in (
        ("postgres", plan.postgres.port if plan.postgres else None),
        ("redis", plan.redis.port if plan.redis else None),
        ("prefect", plan.prefect.port if plan.prefect else None),
        ("gateway", plan.gateway_port),
        ("grpc", plan.grpc_port),
    ):
        wanted: int | None = getattr(plan.running.settings.ports, service)
        usual = ports.USUAL[service]
        if port is None or wanted is not None or port == usual:
            continue
        if not ports.is_free(usual):
            yield f"{service} listens on {port}: {usual} is held by {ports.holder(usual)}"


def check_existing(plan: Plan) -> None:
    """Make sure that what is not to be started is there and fit for use.

    Raises:
        ServiceError: it is not; the text names the setting that leads there.
    """
    running = plan.running
    if plan.postgres is None and running.database_url is not None:
        external.check_database(running.database_url)
        if plan.prefect is not None:
            external.make_prefect_database(running.database_url)
    if plan.redis is None and running.redis_url is not None:
        external.check_redis(running.redis_url)
    if plan.prefect is None:
        external.check_prefect(running.api_url)


def _database_url(settings: Settings, server: PostgresServer | None) -> str:
    if server is not None:
        return server.url()
    return settings.database_url.get_secret_value() if settings.database_url else ""


def _prefect_database_url(settings: Settings, server: PostgresServer | None) -> str:
    if server is not None:
        return server.url(PREFECT_DATABASE)
    return external.prefect_database_url(_database_url(settings, server))


def _redis_url(settings: Settings, server: RedisServer | None, database: int) -> str:
    """An existing Redis is used as its URL says, by Prefect too: it may have one database only."""
    if server is not None:
        return server.url(database)
    return settings.redis_url.get_secret_value() if settings.redis_url else ""
