"""Reading as a whole: no file stops the others, whatever is in it."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neurocortex.documents.converters import plain_text
from neurocortex.documents.discover import discover
from neurocortex.documents.formats import FORMATS
from neurocortex.documents.reading import Reading, read, read_all
from neurocortex.documents.source import SourceFile

Write = Callable[[str, str | bytes], Path]
ReadPath = Callable[[Path], Reading]

HEADS = st.sampled_from(
    [b"", b"%PDF-1.7\n", b"PK\x03\x04", b"<html><p>", b'{"text": "a"}\n', b"a,b\n"]
)
TEXTS = st.text("aé<>/&#;,\"'{}[]:\\\n\r\t|-*_`1 \u2028\ud7ff").map(str.encode)


@given(st.sampled_from(sorted(FORMATS)), HEADS, st.one_of(st.binary(), TEXTS))
@settings(
    deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_bytes_under_any_name_are_read_or_refused(
    tmp_path: Path, extension: str, head: bytes, body: bytes
) -> None:
    path = tmp_path / f"file{extension}"
    path.write_bytes(head + body)
    found = discover([str(path)], max_file_mb=1)
    reading = read_all(found.files)
    assert reading.documents or reading.refused
    for document in reading.documents:
        for text in (document.source, document.title, document.text, str(document.metadata)):
            assert "\0" not in text
            text.encode()
        assert document.title
        starts = [section.start for section in document.sections]
        assert starts == sorted(starts)
        assert all(start < len(document.text) for start in starts)
    for refused in reading.refused:
        assert refused.reason
        (refused.reason + refused.payload + refused.source).encode()


def test_a_bad_file_does_not_stop_the_others(write: Write, tmp_path: Path) -> None:
    write("a.txt", "First text.")
    write("b.txt", b"\x00\x01binary")
    write("c.pdf", b"%PDF-broken")
    write("d.md", "# Last\n\ntext")
    reading = read_all(discover([str(tmp_path)], max_file_mb=1).files)
    assert [document.title for document in reading.documents] == ["a", "Last"]
    assert [Path(refused.source).name for refused in reading.refused] == ["b.txt", "c.pdf"]
    assert all(refused.source.startswith("/") for refused in reading.refused)


def test_whatever_a_parser_raises_is_a_refusal(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(path: Path) -> str:
        raise RecursionError("maximum recursion depth exceeded")

    monkeypatch.setattr(plain_text, "encoding_of", explode)
    (file,) = discover([str(write("a.txt", "text"))], max_file_mb=1).files
    (refused,) = read(file).refused
    assert refused.rule == "unreadable"
    assert refused.reason == "it is no valid txt file: maximum recursion depth exceeded"


def test_an_interrupt_is_no_refusal(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(path: Path) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(plain_text, "encoding_of", interrupt)
    (file,) = discover([str(write("a.txt", "text"))], max_file_mb=1).files
    with pytest.raises(KeyboardInterrupt):
        read(file)


def test_reading_the_same_file_gives_the_same_documents(shared_documents: Path) -> None:
    files = discover([str(shared_documents)], max_file_mb=1).files
    assert read_all(files) == read_all(files)


def test_files_are_read_in_threads_at_once(shared_documents: Path) -> None:
    files: tuple[SourceFile, ...] = discover([str(shared_documents)], max_file_mb=1).files
    found: list[Reading] = []
    threads = [threading.Thread(target=lambda: found.append(read_all(files))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [read_all(files)] * 4
