"""What a fork of the zygote does before, while and after it runs its flow run."""

import atexit
import os
import runpy
import signal
import sys
import threading
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NoReturn

from threadpoolctl import threadpool_limits

from neurocortex.embedded.launch import EXIT_CANNOT_RUN
from neurocortex.worker.engine_settings import engine_settings
from neurocortex.worker.freshness import ProjectModule, forget, have_changed
from neurocortex.worker.messages import Start

if TYPE_CHECKING:
    from prefect.context import SettingsContext

SETTINGS: Final = ("NEUROCORTEX_", "PREFECT_")
PER_RUN: Final = "PREFECT__"
"""Variables that tell a process which run it is: no settings."""


def run(order: Start, project: Sequence[ProjectModule], settings: "SettingsContext | None") -> None:
    """Become the process of a flow run, do what was ordered, and end.

    Args:
        order: which run, and where.
        project: modules in memory whose files may have changed since they were imported.
        settings: of Prefect's engine, for the environment of the zygote; None before Prefect is
            imported.
    """
    other_settings = _settings(os.environ) != _settings(order.environment)
    _import_as(order)
    _take_on(order.environment)
    os.chdir(order.folder)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if order.quiet:
        _drop_output()
    if not order.module:
        _become(order)
    if order.cores > 1 and "numpy" in sys.modules:
        threadpool_limits(order.cores)  # the zygote was held to one thread
    if other_settings or have_changed(project):
        # The project's modules may have read a setting while they were imported.
        forget(project)
    if other_settings and "prefect.context" in sys.modules:
        _read_prefect_settings()
    if other_settings or settings is None:
        settings = engine_settings()
    with settings:
        code = _run_module(order.module, order.arguments)
    _end(code)


def _become(order: Start) -> NoReturn:
    """Be the program of a run that has a command of its own."""
    # Python ignores these two; a program started by it would inherit that.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    try:
        os.execvpe(order.arguments[0], order.arguments, order.environment)  # noqa: S606
    except OSError as error:
        print(f"{order.arguments[0]} cannot be run: {error}", file=sys.stderr)  # noqa: T201
        os._exit(EXIT_CANNOT_RUN)


def _import_as(order: Start) -> None:
    """Find modules where `python -m` would: in its folder, and in the PYTHONPATH the run has."""
    own = order.environment.get("PYTHONPATH", "")
    more = own.split(os.pathsep) if own != os.environ.get("PYTHONPATH", "") else []
    sys.path[:0] = [order.folder, *filter(None, more)]


def _take_on(environment: Mapping[str, str]) -> None:
    """Make it ours; most of it is already."""
    for name in os.environ.keys() - environment.keys():
        del os.environ[name]
    os.environ.update(environment.items() - os.environ.items())


def _settings(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environment.items()
        if name.startswith(SETTINGS) and not name.startswith(PER_RUN)
    }


def _drop_output() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def _read_prefect_settings() -> None:
    """Prefect reads its settings, and sets up logging by them, when it is imported."""
    from prefect.context import refresh_global_settings_context
    from prefect.logging.configuration import setup_logging

    refresh_global_settings_context()
    setup_logging()


def _run_module(name: str, arguments: Sequence[str]) -> int:
    """Run `python -m NAME ARGUMENT...` here, and return its exit code."""
    sys.argv = [name, *arguments]
    try:
        with warnings.catch_warnings():
            # It is in memory already, and is run once more: just what we want.
            warnings.filterwarnings("ignore", ".*found in sys.modules", RuntimeWarning)
            runpy.run_module(name, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does at its top
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def _end(code: int) -> None:
    """End as the interpreter does, without taking apart a few thousand modules we share."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
