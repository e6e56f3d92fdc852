from pathlib import Path

import pytest
from pydantic import SecretStr

from neurocortex.embedded.home import Home
from neurocortex.embedded.running import Running, environment_of, find
from neurocortex.errors import NotRunningError
from neurocortex.settings import Settings, load

API_URL = "http://127.0.0.1:4200/api"


@pytest.fixture
def chosen(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def test_without_a_platform_and_an_address_nothing_is_found(chosen: Settings) -> None:
    with pytest.raises(NotRunningError, match="PREFECT_API_URL"):
        find(chosen)


def test_addresses_that_are_set_are_enough(chosen: Settings) -> None:
    existing = chosen.model_copy(
        update={"prefect_api_url": API_URL, "redis_url": SecretStr("redis://elsewhere")}
    )
    found = find(existing)
    assert (found.api_url, found.redis_url) == (API_URL, "redis://elsewhere")
    assert found.database_url is None


def test_a_child_finds_the_platform_and_the_settings(
    chosen: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEUROCORTEX_CONFIG", "relative.toml")  # means nothing in another folder
    monkeypatch.setenv("PREFECT_PROFILE", "elsewhere")
    monkeypatch.setenv("PREFECT_LOGGING_LEVEL", "DEBUG")
    monkeypatch.setenv("NO_PROXY", "intranet")
    monkeypatch.setenv("DO_NOT_TRACK", "0")
    running = Running(
        settings=chosen,
        home=Home(chosen.home),
        api_url=API_URL,
        database_url="postgresql://neurocortex:secret@127.0.0.1:1/neurocortex",
        redis_url=None,
    )
    environment = environment_of(running)

    assert environment["PREFECT_API_URL"] == API_URL
    assert environment["NEUROCORTEX_DATABASE_URL"] == running.database_url
    assert "NEUROCORTEX_REDIS_URL" not in environment
    assert environment["NEUROCORTEX_HOME"] == str(chosen.home)
    assert environment["PREFECT_HOME"] == str(chosen.home / "prefect")
    assert environment["TMPDIR"] == str(chosen.home / "tmp")
    assert environment["PREFECT_SERVER_EPHEMERAL_ENABLED"] == "false"
    assert not {"NEUROCORTEX_CONFIG", "PREFECT_PROFILE"} & environment.keys()
    assert environment["PREFECT_LOGGING_LEVEL"] == "DEBUG"  # the user's own
    assert environment["DO_NOT_TRACK"] == "0"  # as well
    assert set(environment["NO_PROXY"].split(",")) >= {"intranet", "127.0.0.1", "localhost"}

    for name in ("NEUROCORTEX_CONFIG", "PREFECT_PROFILE"):
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    again = load().settings
    assert again.tasks == chosen.tasks
    assert again.prefect_api_url == API_URL
