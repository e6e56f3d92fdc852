"""A developer saves a file and starts a run: it runs what was saved."""

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from neurocortex.worker.freshness import ProjectModule, forget, have_changed, project_modules

NAME = "freshness_subject"


@pytest.fixture
def subject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A module of the project's, in memory."""
    (tmp_path / f"{NAME}.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield importlib.import_module(NAME)
    sys.modules.pop(NAME, None)


def seen() -> tuple[ProjectModule, ...]:
    return tuple(module for module in project_modules() if module.name == NAME)


def file_of(module: ModuleType) -> Path:
    assert module.__file__ is not None
    return Path(module.__file__)


def test_a_file_as_it_was_imported_is_fresh(subject: ModuleType) -> None:
    assert [module.file for module in seen()] == [subject.__file__]
    assert not have_changed(seen())


def test_a_changed_file_is_seen_and_imported_anew(subject: ModuleType) -> None:
    before, file = seen(), file_of(subject)
    file.write_text("VALUE = 2\n")
    os.utime(file, ns=(0, before[0].changed_ns + 1))
    assert have_changed(before)
    forget(before)
    importlib.invalidate_caches()
    assert importlib.import_module(NAME).VALUE == 2


def test_a_file_with_an_older_date_is_a_change_too(subject: ModuleType) -> None:
    before = seen()
    os.utime(file_of(subject), ns=(0, 1))
    assert have_changed(before), "git checkout of an older version"


def test_a_deleted_file_is_seen(subject: ModuleType) -> None:
    before = seen()
    file_of(subject).unlink()
    assert have_changed(before)


def test_installed_packages_and_the_standard_library_are_left_alone() -> None:
    names = {module.name.partition(".")[0] for module in project_modules()}
    assert not names & {"pytest", "prefect", "pydantic", "json", "os", "__main__"}
    assert "neurocortex" in names


def test_what_is_in_memory_no_more_is_forgotten_in_peace(subject: ModuleType) -> None:
    before = seen()
    forget(before)
    forget(before)
    assert NAME not in sys.modules
