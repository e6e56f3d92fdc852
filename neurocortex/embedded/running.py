"""Where the platform is reached, and the environment that leads a child process there."""

import os
from dataclasses import dataclass
from typing import Final

from neurocortex.embedded import certificates, credentials, state
from neurocortex.embedded.home import Home
from neurocortex.embedded.postgres import owner_url
from neurocortex.embedded.prefect_server import client_environment
from neurocortex.embedded.redis_server import PLATFORM_DATABASE, redis_url
from neurocortex.errors import NotRunningError
from neurocortex.settings import CONFIG_VARIABLE, Settings, environment, variable

WORKER: Final = {
    # The UI shows a worker as offline after three missed heartbeats.
    "PREFECT_WORKER_HEARTBEAT_SECONDS": "10",
    # The server answers 500 while its Redis starts again, and records nothing: a run that gave up
    # there would have done its work in vain. Its client tries again for a minute.
    "PREFECT_CLIENT_RETRY_EXTRA_CODES": "500",
}

OUR_SERVER: Final = {
    # It is of the client's version, and asks for no token: two calls less for each client.
    "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
    "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "false",
}
"""What clients of a server that we started need not do."""


@dataclass(frozen=True, slots=True)
class Running:
    """A platform that can be talked to."""

    settings: Settings
    home: Home
    api_url: str
    database_url: str | None
    """None where we know Prefect's address only, which is enough to start runs."""
    redis_url: str | None
    """As `database_url`."""


def find(settings: Settings) -> Running:
    """Return where the platform is: what the settings say, else what `neurocortex up` started.

    Raises:
        NotRunningError: no platform runs from this home, and no Prefect server is set.
        ServiceError: the passwords in the home folder cannot be read.
    """
    home = Home(settings.home.absolute())
    live = state.read_live(home.run)
    api_url = settings.prefect_api_url or (live.api_url if live else None)
    if api_url is None:
        raise NotRunningError("The platform", variable("prefect_api_url"))
    database, redis = settings.database_url, settings.redis_url
    return Running(
        settings=settings,
        home=home,
        api_url=api_url,
        database_url=database.get_secret_value() if database else _embedded_database(home, live),
        redis_url=redis.get_secret_value() if redis else _embedded_redis(home, live),
    )


def environment_of(running: Running) -> dict[str, str]:
    """Return the environment for a child process that uses this platform."""
    inherited = {name: value for name, value in os.environ.items() if name != CONFIG_VARIABLE}
    addresses = {
        variable("prefect_api_url"): running.api_url,
        variable("database_url"): running.database_url,
        variable("redis_url"): running.redis_url,
    }
    cheap: dict[str, str] = {}
    if running.settings.prefect_api_url is None:
        roots = certificates.one_root(running.home.prefect.absolute())
        cheap = {**OUR_SERVER, "PREFECT_API_SSL_CERT_FILE": str(roots)}
    return {
        **WORKER,
        **cheap,
        **client_environment(running.home.prefect, inherited),
        "TMPDIR": str(running.home.temporary),
        **environment(running.settings),
        **{name: url for name, url in addresses.items() if url is not None},
    }


def _embedded_database(home: Home, live: state.State | None) -> str | None:
    port = live.port_of("postgres") if live else None
    known = credentials.read(home.folder) if port else None
    return owner_url(known.owner.get_secret_value(), port) if port and known else None


def _embedded_redis(home: Home, live: state.State | None) -> str | None:
    port = live.port_of("redis") if live else None
    known = credentials.read(home.folder) if port else None
    return (
        redis_url(known.redis.get_secret_value(), port, PLATFORM_DATABASE)
        if port and known
        else None
    )
