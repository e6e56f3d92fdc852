"""Fingerprints of a collection are made when they are asked for, and go with their documents."""

from collections.abc import Callable, Sequence
from hashlib import sha256

import pytest
from sqlalchemy import text

from neurocortex.documents.shingles import bands_of, shingles_of
from neurocortex.documents.split import split
from neurocortex.domain.documents import Document, SplitDocument
from neurocortex.domain.embedding import Embedder
from neurocortex.lake import fingerprints
from neurocortex.lake.fingerprints import Fingerprints
from neurocortex.lake.store import Lake

MakeEmbedder = Callable[..., Embedder]


def bands(content: str) -> Sequence[int]:
    return bands_of(shingles_of(content))


def poem(number: int) -> str:
    return "\n\n".join(
        f"Paragraph {part} of {number}: " + " ".join(f"w{number}x{part}y{at}" for at in range(40))
        for part in range(12)
    )


def whole(source: str, content: str) -> SplitDocument:
    checksum = sha256(content.encode()).hexdigest()
    document = Document(source, source, content, "text/plain", checksum)
    return SplitDocument(document, split(document, words=50, overlap=20))


def made(lake: Lake) -> int:
    with lake.engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM lake.fingerprints")).scalar_one())


def test_alike_documents_are_found_with_the_text_that_was_loaded(
    lake: Lake, hash_embedder: MakeEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprints, "BATCH", 3)
    documents = [whole(f"poem{number}", poem(number)) for number in range(8)]
    lake.load_documents("poems", [*documents, whole("note", "too short")], hash_embedder())
    lake.load_documents("others", [whole("poem3", poem(3))], hash_embedder())
    known = Fingerprints(lake.engine, "poems", bands)

    assert known.alike([bands("nothing like it " * 20)]) == {}
    assert made(lake) == 9
    found = known.alike([bands(poem(3)), (), bands(poem(5))])
    assert found == {"poem3": list(bands(poem(3))), "poem5": list(bands(poem(5)))}
    texts = known.texts(["poem3", "gone"])
    assert texts.keys() == {"poem3"}
    assert texts["poem3"].split() == poem(3).split()


def test_a_new_version_has_a_fingerprint_of_its_own(
    lake: Lake, hash_embedder: MakeEmbedder
) -> None:
    known = Fingerprints(lake.engine, "poems", bands)
    assert known.alike([bands(poem(1))]) == {}  # there is no such collection yet
    lake.load_documents("poems", [whole("poem", poem(1))], hash_embedder())
    assert known.alike([bands(poem(1))]).keys() == {"poem"}
    lake.load_documents("poems", [whole("poem", poem(2))], hash_embedder())
    assert made(lake) == 0
    assert known.alike([bands(poem(1))]) == {}
    assert known.alike([bands(poem(2))]).keys() == {"poem"}
    lake.delete_documents("poems", ["poem"])
    assert made(lake) == 0
