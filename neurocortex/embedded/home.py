"""The one folder in which the platform keeps everything."""

import os
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

from neurocortex.errors import ServiceError


@dataclass(frozen=True, slots=True)
class Home:
    """The layout of `NEUROCORTEX_HOME`."""

    folder: Path
    """Absolute."""

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data."""
        return self.folder / "postgres"

    @property
    def redis(self) -> Path:
        """Redis' data."""
        return self.folder / "redis"

    @property
    def prefect(self) -> Path:
        """PREFECT_HOME; results of runs are in `storage` below it."""
        return self.folder / "prefect"

    @property
    def run(self) -> Path:
        """What is true only while the platform runs."""
        return self.folder / "run"

    @property
    def logs(self) -> Path:
        """One log for each service, and the one before it."""
        return self.folder / "logs"

    @property
    def temporary(self) -> Path:
        """Temporary files of the worker and its flow runs; emptied at each start.

        Prefect's have fixed names: in a common folder, two users would stand in each other's way.
        """
        return self.folder / "tmp"

    @property
    def first_run(self) -> Path:
        """Exists once the main job has been done."""
        return self.folder / "first-run-done"

    def log(self, service: str) -> Path:
        """Return a service's log."""
        return self.logs / f"{service}.log"

    def make(self) -> None:
        """Make the folders that are missing. Those that exist keep their modes.

        Raises:
            ServiceError: the folder cannot be made or written to.
        """
        # Others may pass through, so that PostgreSQL's own account reaches its data, but not
        # look around; as an ordinary user there is no other account.
        mode = 0o711 if os.geteuid() == 0 else 0o700
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            self.folder.mkdir(mode=mode, exist_ok=True)
            for folder in (self.redis, self.prefect, self.run, self.logs, self.temporary):
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise ServiceError(
                "platform",
                f"NEUROCORTEX_HOME = {self.folder} cannot be used: {error.strerror}."
                " Set it to a folder that you may write to.",
            ) from error
        if not os.access(self.run, os.W_OK):
            raise ServiceError(
                "platform",
                f"NEUROCORTEX_HOME = {self.folder} belongs to another user."
                " Set it to a folder of your own.",
            )

    def empty_temporary(self) -> None:
        """Remove the temporary files of an earlier start."""
        rmtree(self.temporary, ignore_errors=True)
        self.temporary.mkdir(mode=0o700, exist_ok=True)

    def turn_over(self, service: str) -> Path:
        """Return a service's log, empty; what was in it is kept as `.log.1`."""
        log = self.log(service)
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        os.close(os.open(log, os.O_WRONLY | os.O_CREAT, 0o600))
        return log
