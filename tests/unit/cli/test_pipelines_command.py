"""`neurocortex pipelines` without a platform."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from neurocortex.cli.main import app
from neurocortex.engines.haystack_pipelines.catalog import SHIPPED
from neurocortex.errors import HaystackFileError


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one pipeline that is wrong, and one that takes the place of a shipped one."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "pipelines"
    folder.mkdir()
    (folder / "broken.yaml").write_text("summary: Broken.\n")
    (folder / "search.yaml").write_text((SHIPPED / "search.yaml").read_text())
    return folder


def test_all_are_listed_with_what_is_wrong(own_folder: Path) -> None:
    shown = CliRunner().invoke(app, ["pipelines", "list"])
    assert shown.exit_code == 0
    assert "document_qa (shipped)" in shown.output
    assert "takes query, filters; returns documents" in shown.output
    assert f"search ({Path('pipelines/search.yaml')})" in shown.output
    assert "components: it is missing." in shown.output


def test_a_file_is_checked_before_it_is_used(own_folder: Path) -> None:
    cli = CliRunner()
    shown = cli.invoke(app, ["pipelines", "check", str(own_folder / "search.yaml")])
    assert shown.exit_code == 0
    assert "takes query: needed" in shown.output
    assert "takes filters: may be left out" in shown.output
    wrong = cli.invoke(app, ["pipelines", "check", str(own_folder / "broken.yaml")])
    assert isinstance(wrong.exception, HaystackFileError)
