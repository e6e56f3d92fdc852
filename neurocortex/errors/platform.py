"""The platform: its settings, its services, its runs."""

from pathlib import Path

from neurocortex.errors.base import NeuroCortexError


class SettingsError(NeuroCortexError):
    """A setting has a value that is not allowed. The text lists each with what is allowed."""


class ServiceError(NeuroCortexError):
    """An embedded service cannot do its work."""

    def __init__(self, service: str, message: str) -> None:
        super().__init__(message)
        self.service = service


class PortInUseError(ServiceError):
    """The port a service was told to use is held by another process."""

    def __init__(self, service: str, port: int, holder: str, setting: str) -> None:
        super().__init__(
            service,
            f"Port {port}, set for {service}, is held by {holder}."
            f" Stop that process, or set {setting} to another port (0 finds a free one).",
        )
        self.port = port
        self.holder = holder


class ServiceFailedError(ServiceError):
    """A service did not become ready, or died more often than it may."""

    def __init__(self, service: str, reason: str, log: Path, tail: str = "") -> None:
        super().__init__(service, f"{service} {reason}. Its log: {log}\n{tail}".rstrip())
        self.reason = reason
        self.log = log


class AlreadyRunningError(ServiceError):
    """The platform runs already from this home folder."""

    def __init__(self, home: Path) -> None:
        super().__init__("platform", f"The platform already runs from {home}.")
        self.home = home


class NotRunningError(ServiceError):
    """The platform is not up, and no address of an existing one is set."""

    def __init__(self, service: str, setting: str) -> None:
        super().__init__(
            service,
            f"{service} is not running. Start the platform with `neurocortex up`,"
            f" or set {setting} to the address of an existing one.",
        )


class LoopEndedError(ServiceError):
    """Work that a worker is to do for as long as it lives came to an end."""

    def __init__(self, loop: str) -> None:
        super().__init__(
            "worker", f"{loop} ended, and nobody told it to: this worker has to be started again."
        )
        self.loop = loop


class RunError(NeuroCortexError):
    """A flow run ended in another state than Completed, or its result cannot be read."""

    def __init__(self, name: str, state: str, reason: str, url: str) -> None:
        super().__init__(f"The run {name} is {state}: {reason}\nSee {url}")
        self.name = name
        self.state = state
        self.reason = reason
        self.url = url
