"""What documents and cached results are when they leave the process."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from neurocortex.cache import protection
from neurocortex.cache.keys import Key
from neurocortex.documents.discover import discover
from neurocortex.documents.reading import Reading
from neurocortex.errors import TamperedError
from neurocortex.privacy.opening import keyring
from neurocortex.settings import settings
from tasks.documents import read_documents

KEY = Key("acme", "answers", "17")
CONTENT = b'{"text": "Ann Smith lives in Oslo."}'

Configure = Callable[[str, str], None]


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Configure]:
    """Set a setting in a home folder of this test's own."""
    monkeypatch.setenv("NEUROCORTEX_HOME", str(tmp_path / "home"))
    settings.cache_clear()

    def set_to(name: str, value: str) -> None:
        monkeypatch.setenv(f"NEUROCORTEX_PRIVACY__{name}", value)
        settings.cache_clear()

    yield set_to
    settings.cache_clear()


def read(folder: Path) -> Reading:
    (folder / "letter.txt").write_text("Ann Smith owes 4111 1111 1111 1111 to a shop in Oslo.")
    (folder / "rows.jsonl").write_text('{"text": "Dear Tom Harrison"}\n["Sue Fenwick"]\n')
    return read_documents.fn(discover([str(folder)], max_file_mb=1).files)


def test_documents_are_read_as_they_are_where_nothing_is_said(
    tmp_path: Path, configure: Configure
) -> None:
    configure("DOCUMENTS", "off")
    assert "Ann Smith" in read(tmp_path).documents[0].text


def test_redacted_documents_and_refused_rows_name_nobody(
    tmp_path: Path, configure: Configure
) -> None:
    configure("DOCUMENTS", "redact")
    reading = read(tmp_path)
    assert reading.documents[0].text == "<PERSON> owes <CREDIT_CARD> to a shop in Oslo."
    assert reading.refused
    assert not [name for name in ("Smith", "Harrison", "Fenwick") if name in repr(reading)]


def test_masked_documents_keep_the_last_digits(tmp_path: Path, configure: Configure) -> None:
    configure("DOCUMENTS", "mask")
    assert "**** **** **** 1111" in read(tmp_path).documents[0].text


@pytest.mark.usefixtures("configure")
def test_cached_results_are_encrypted_for_their_own_key() -> None:
    encrypted = protection.named("neurocortex.privacy.results:ENCRYPTED")
    kept = encrypted.protect(KEY, CONTENT)
    assert kept is not None
    assert b"Smith" not in kept
    assert encrypted.reveal(KEY, kept) == CONTENT
    for other in (Key("other", "answers", "17"), Key("acme", "answers", "18")):
        with pytest.raises(TamperedError):
            encrypted.reveal(other, kept)


def test_a_rotated_key_still_reads_what_is_cached(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    configure("ROTATE_DAYS", "1")
    encrypted = protection.named("neurocortex.privacy.results:ENCRYPTED")
    kept = encrypted.protect(KEY, CONTENT)
    assert kept is not None
    path = tmp_path / "home" / "privacy_keys.json"
    made_at = keyring().newest.made_at.year
    path.write_text(path.read_text().replace(f'"{made_at}-', f'"{made_at - 1}-'))
    assert len(keyring().keys) == 2
    assert encrypted.reveal(KEY, kept) == CONTENT
