"""Files about a person: results and data docs go, logs keep their place and lose the words."""

import json
from datetime import UTC, datetime
from pathlib import Path

from neurocortex.embedded.home import Home
from neurocortex.embedded.prefect_server import published
from neurocortex.erasure import files
from neurocortex.erasure.subject import Subject
from neurocortex.privacy.keys import generate

RING = generate(datetime(2026, 1, 2, tzinfo=UTC))
ADA = Subject("Ada Lovelacé", lambda: RING, ())


def test_they_go_and_the_others_stay(tmp_path: Path) -> None:
    home = Home(tmp_path)
    results, docs = home.prefect / "storage", published(home.prefect) / "data-docs" / "patients"
    for folder in (results, docs, home.logs):
        folder.mkdir(parents=True)
    (results / "one").write_text(json.dumps({"result": json.dumps({"answer": "ADA LOVELACÉ"})}))
    (results / "two").write_text("{}")
    (results / "empty").touch()
    (docs / "load.html").write_text("<td>Ada Lovelacé</td>")
    log = home.log("worker")
    log.write_text("before Ada Lovelacé after\n")

    told = {"results of runs": 1, "data docs": 1, "logs": 1}
    assert files.find(home, ADA) == told
    with log.open("a") as service:  # it goes on writing
        assert files.erase(home, ADA) == told
        service.write("more\n")
    assert log.read_text() == "before ************* after\nmore\n"
    assert sorted(path.name for path in results.iterdir()) == ["empty", "two"]
    assert files.find(home, ADA) == {}
