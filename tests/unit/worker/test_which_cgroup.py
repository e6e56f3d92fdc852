"""Whether the kernel can hold runs to their limits is decided by what there is, and said."""

from dataclasses import replace
from pathlib import Path

import pytest

from neurocortex.worker.cgroups import LEAF, NEEDED, Found, find, obstacle

GOOD = Found(
    folder=Path("/sys/fs/cgroup/ours"),
    controllers=NEEDED | {"pids"},
    is_top=False,
    is_delegated=True,
    is_writable=True,
    can_kill=True,
)

FILES = ("cgroup.procs", "cgroup.subtree_control", "cgroup.kill")


def test_a_cgroup_that_is_ours_and_has_what_it_takes_is_divided() -> None:
    assert obstacle(GOOD) is None


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (Found(None), "no cgroups of version 2"),
        (replace(GOOD, is_delegated=False, is_writable=False), "not delegated"),
        (replace(GOOD, is_writable=False), "cannot be written"),
        (replace(GOOD, controllers=frozenset({"memory"})), "lacks `cpu` or `memory`"),
        (replace(GOOD, can_kill=False), "older than 5.14"),
    ],
    ids=["version 1", "not ours", "read only", "no controller", "old kernel"],
)
def test_the_first_thing_that_is_missing_is_named(found: Found, why: str) -> None:
    assert why in (obstacle(found) or "")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine without systemd; its process is in the cgroup /a/b."""
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/a/b\n")
    top = tmp_path / "sys/fs/cgroup"
    for folder in (top / f"a/b/{LEAF}", top / "a/b", top / "a", top):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cgroup.controllers").write_text("cpu io memory\n")
        for name in FILES:
            (folder / name).touch()
        if folder != top:
            (folder / "cgroup.type").write_text("domain\n")
    return tmp_path


def test_without_the_unified_hierarchy_there_is_none(machine: Path) -> None:
    (machine / "sys/fs/cgroup/cgroup.controllers").unlink()
    assert find(machine) == Found(None)


def test_a_cgroup_somewhere_in_the_tree_is_not_ours_unless_it_is_delegated(machine: Path) -> None:
    found = find(machine)
    assert found.folder == machine / "sys/fs/cgroup/a/b"
    assert found.controllers >= NEEDED
    assert found.can_kill
    assert not found.is_delegated
    assert not found.is_top


def test_a_cgroup_that_was_divided_before_is_found_from_its_leaf(machine: Path) -> None:
    (machine / "proc/self/cgroup").write_text(f"0::/a/b/{LEAF}\n")
    assert find(machine).folder == machine / "sys/fs/cgroup/a/b"


@pytest.mark.parametrize("systemd", [False, True], ids=["without systemd", "with systemd"])
def test_the_machines_top_is_ours_where_nobody_else_manages_it(
    machine: Path, *, systemd: bool
) -> None:
    (machine / "proc/self/cgroup").write_text("0::/\n")
    if systemd:
        (machine / "run/systemd/system").mkdir(parents=True)
    found = find(machine)
    assert found.is_top
    assert found.is_delegated is not systemd


def test_a_containers_top_is_ours_and_its_processes_have_to_move(machine: Path) -> None:
    (machine / "proc/self/cgroup").write_text("0::/\n")
    (machine / "sys/fs/cgroup/cgroup.type").write_text("domain\n")
    found = find(machine)
    assert found.is_delegated
    assert not found.is_top


def test_a_cgroup_out_of_sight_is_none(machine: Path) -> None:
    (machine / "proc/self/cgroup").write_text("0::/../other\n")
    assert find(machine) == Found(None)
