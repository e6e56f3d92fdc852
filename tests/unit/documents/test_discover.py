"""Which files a path stands for, and what is refused before it is read."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from neurocortex.documents.discover import Discovery, discover

NOBODY = 65534


def found(*paths: object, limit: float = 10) -> Discovery:
    return discover([str(path) for path in paths], max_file_mb=limit)


def names(discovery: Discovery) -> list[str]:
    return [file.path.name for file in discovery.files]


def rules(discovery: Discovery) -> list[str]:
    return [refused.rule for refused in discovery.refused]


@contextmanager
def without_root_powers() -> Iterator[None]:
    """Permission bits do not bind root: become nobody for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def tree(write: Callable[[str, str], Path], tmp_path: Path) -> Path:
    for name in ("b.txt", "a.md", "sub/c.html", "sub/deep/d.csv", "image.png", "NOTES.TXT"):
        write(name, f"text of {name}")
    for name in (".hidden.txt", ".git/e.txt", "sub/.f.md"):
        write(name, "hidden")
    return tmp_path


def test_a_folder_is_searched_to_the_bottom_in_order_without_hidden_entries(tree: Path) -> None:
    discovery = found(tree)
    assert names(discovery) == ["NOTES.TXT", "a.md", "b.txt", "c.html", "d.csv"]
    assert discovery.skipped == 1
    assert discovery.refused == ()


def test_a_file_carries_type_size_and_hash(tree: Path) -> None:
    (file,) = found(tree / "a.md").files
    assert (file.media_type, file.size) == ("text/markdown", 12)
    assert file.sha256 == hashlib.sha256(b"text of a.md").hexdigest()
    assert file.path.is_absolute()


def test_the_same_file_is_found_once(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    (tree / "aaa_link.txt").symlink_to(tree / "b.txt")
    discovery = found("b.txt", "sub/../b.txt", tree / "*.txt", "./b.txt", tree)
    assert names(discovery).count("b.txt") == 1
    assert "aaa_link.txt" not in names(discovery)


def test_a_linked_file_alone_keeps_the_name_it_was_given(tree: Path) -> None:
    (tree / "blob").write_text("text behind a link")
    (tree / "report.txt").symlink_to(tree / "blob")
    assert names(found(tree / "report.txt")) == ["report.txt"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.md", ["a.md"]),
        ("**/*.html", ["c.html"]),
        ("sub/**", ["c.html", "d.csv"]),
        ("s*", ["c.html", "d.csv"]),
        ("[ab].*", ["a.md", "b.txt"]),
        (".*.txt", [".hidden.txt"]),
    ],
)
def test_globs(tree: Path, pattern: str, expected: list[str]) -> None:
    assert names(found(tree / pattern)) == expected


def test_a_glob_leaves_out_what_is_not_read_and_counts_it(tree: Path) -> None:
    discovery = found(tree / "*.png")
    assert (discovery.files, discovery.refused, discovery.skipped) == ((), (), 1)


def test_a_file_whose_name_looks_like_a_glob_is_a_file(
    write: Callable[[str, str], Path], tmp_path: Path
) -> None:
    write("a[1].txt", "text")
    assert names(found(tmp_path / "a[1].txt")) == ["a[1].txt"]


def test_home_is_expanded(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tree))
    assert names(found("~/a.md")) == ["a.md"]


@pytest.mark.parametrize(
    "path", ["missing.txt", "missing/", "*.nothing", "a**b", "", "  ", "~nobody-here/x", "a\0b"]
)
def test_a_path_that_leads_nowhere_is_refused(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    discovery = found(path)
    assert discovery.files == ()
    assert rules(discovery) in (["missing_path"], ["unreadable"])
    assert "\0" not in discovery.refused[0].source


def test_other_paths_go_on(tree: Path) -> None:
    discovery = found(tree / "missing.txt", tree / "a.md", tree / ("x" * 300))
    assert names(discovery) == ["a.md"]
    assert len(discovery.refused) == 2


def test_a_named_file_of_an_unknown_format_is_refused(tree: Path) -> None:
    discovery = found(tree / "image.png")
    assert rules(discovery) == ["unreadable"]
    assert "the format .png is not read; known are .txt," in discovery.refused[0].reason


def test_a_link_to_nothing_is_refused(tree: Path) -> None:
    (tree / "gone.txt").symlink_to(tree / "nowhere")
    discovery = found(tree)
    assert rules(discovery) == ["missing_path"]
    assert "a link to a file that does not exist" in discovery.refused[0].reason


def test_links_that_loop_end(tree: Path) -> None:
    (tree / "sub" / "up").symlink_to(tree)
    (tree / "self.txt").symlink_to(tree / "self.txt")
    discovery = found(tree, tree / "**")
    assert names(discovery) == ["NOTES.TXT", "a.md", "b.txt", "c.html", "d.csv"]
    assert rules(discovery) == ["unreadable"]


def test_a_pipe_is_refused_without_waiting_for_its_writer(tree: Path) -> None:
    os.mkfifo(tree / "pipe.txt")
    assert rules(found(tree)) == ["unreadable"]


def test_no_permission_on_a_file_is_a_refusal(tree: Path) -> None:
    _open_to_all(tree)
    (tree / "b.txt").chmod(0)
    with without_root_powers():
        discovery = found(tree / "a.md", tree / "b.txt")
    assert names(discovery) == ["a.md"]
    assert "Permission denied" in discovery.refused[0].reason
    assert discovery.refused[0].source == str(tree / "b.txt")


def test_no_permission_on_a_folder_is_a_refusal(tree: Path) -> None:
    _open_to_all(tree)
    (tree / "sub").chmod(0)
    with without_root_powers():
        discovery = found(tree, tree / "sub" / "c.html")
    (tree / "sub").chmod(0o755)
    assert names(discovery) == ["NOTES.TXT", "a.md", "b.txt"]
    assert rules(discovery) == ["unreadable", "unreadable"]


def _open_to_all(folder: Path) -> None:
    """Let nobody walk down to `folder`, which pytest makes for its own user."""
    if os.geteuid() != 0:
        return
    for parent in folder.parents:
        if parent.owner() == folder.owner() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o111)
    folder.chmod(0o755)


def test_a_gigabyte_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "huge.txt"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    began = time.perf_counter()
    discovery = found(path, limit=100)
    assert time.perf_counter() - began < 0.5
    assert rules(discovery) == ["too_large"]
    assert "1,024.0 MB are more than the 100 MB allowed" in discovery.refused[0].reason
    assert "NEUROCORTEX_DOCUMENTS__MAX_FILE_MB" in discovery.refused[0].reason


def test_a_name_that_is_no_utf_8_is_refused_and_shown(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt")).write_text("text")
    discovery = found(tmp_path)
    assert rules(discovery) == ["unreadable"]
    assert discovery.refused[0].source.endswith("caf\\udce9.txt")
