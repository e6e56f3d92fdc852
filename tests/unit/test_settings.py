import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import SecretStr

from neurocortex.errors import SettingsError
from neurocortex.settings import (
    CONFIG_VARIABLE,
    MASK,
    PREFIX,
    AnswerSettings,
    DatasetSettings,
    DocumentSettings,
    EmbeddedSettings,
    ForgeSettings,
    LakeSettings,
    LlmSettings,
    PipelineSettings,
    PortSettings,
    Settings,
    TaskSettings,
    TierSettings,
    environment,
    load,
    settings,
    variable,
)


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run where there is no `.env` and no `neurocortex.toml`, with nothing set."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_everything_has_a_default() -> None:
    loaded = load()
    assert loaded.settings.home == Path(".neurocortex")
    assert loaded.settings.tasks.backoff == 1.5
    assert loaded.settings.tasks.retries == 3
    assert {entry.origin for entry in loaded.entries()} == {"default"}


def test_the_environment_is_stronger_than_dotenv_and_that_than_toml(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty_folder / "neurocortex.toml").write_text(
        "[tasks]\nretries = 7\ntimeout_s = 7\nbackoff = 7"
    )
    (empty_folder / ".env").write_text(
        "NEUROCORTEX_TASKS__RETRIES=8\nNEUROCORTEX_TASKS__TIMEOUT_S=8\n"
    )
    monkeypatch.setenv("NEUROCORTEX_TASKS__RETRIES", "9")
    loaded = load()
    tasks = loaded.settings.tasks
    assert (tasks.retries, tasks.timeout_s, tasks.backoff) == (9, 8, 7)
    origins = {entry.variable: entry.origin for entry in loaded.entries()}
    assert origins["NEUROCORTEX_TASKS__RETRIES"] == "environment"
    assert origins["NEUROCORTEX_TASKS__TIMEOUT_S"] == ".env"
    assert origins["NEUROCORTEX_TASKS__BACKOFF"] == "neurocortex.toml"
    assert origins["NEUROCORTEX_TASKS__JITTER"] == "default"


def test_the_toml_file_may_be_another(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = empty_folder / "other.toml"
    other.write_text('home = "/srv/nc"\n[lake]\nembedder = "openai"')
    monkeypatch.setenv(CONFIG_VARIABLE, str(other))
    loaded = load()
    assert loaded.settings.home == Path("/srv/nc")
    assert loaded.settings.lake.embedder == "openai"
    assert loaded.origins["home"] == str(other)


def test_prefects_own_variable_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "https://prefect.example/api")
    assert load().settings.prefect_api_url == "https://prefect.example/api"
    assert variable("prefect_api_url") == "PREFECT_API_URL"


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROCORTEX_TASKS__RETRIES", "")
    monkeypatch.setenv("NEUROCORTEX_DATABASE_URL", "")
    assert load().settings.tasks.retries == 3
    assert load().settings.database_url is None


def test_settings_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = settings()
    monkeypatch.setenv("NEUROCORTEX_TASKS__RETRIES", "9")
    assert settings() is first


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("NEUROCORTEX_TASKS__RETRIES", "-1", "greater than or equal to 0"),
        ("NEUROCORTEX_TASKS__RETRIES", "many", "integer"),
        ("NEUROCORTEX_TASKS__BACKOFF", "0.5", "greater than or equal to 1"),
        ("NEUROCORTEX_TASKS__TIMEOUT_S", "inf", "finite"),
        ("NEUROCORTEX_TASKS__TIMEOUT_S", "nan", "finite"),
        ("NEUROCORTEX_PORTS__REDIS", "70000", "less than or equal to 65535"),
        ("NEUROCORTEX_LAKE__EMBEDDER", "word2vec", "'lsa', 'openai' or 'sentence-transformers'"),
        ("NEUROCORTEX_LLM__BASE_URL", "localhost:8000", "pattern"),
        ("NEUROCORTEX_DOCUMENTS__CHUNK_OVERLAP", "200", "chunk_words"),
        ("PREFECT_API_URL", "ftp://prefect/api", "pattern"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name_the_value_and_what_is_allowed(
    name: str, value: str, allowed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load()
    text = str(caught.value)
    assert text.startswith(f"{name} = {value!r} (from environment): ")
    assert allowed in text
    assert "\n" not in text


def test_a_default_that_does_not_fit_another_value_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NEUROCORTEX_DOCUMENTS__CHUNK_WORDS", "50")
    with pytest.raises(SettingsError, match=r"CHUNK_OVERLAP = 50 \(from default\): .*chunk_words"):
        load()


def test_every_wrong_value_is_listed(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty_folder / "neurocortex.toml").write_text('[tasks]\nretries = "x"')
    monkeypatch.setenv("NEUROCORTEX_TIERS__HIGH", "0")
    with pytest.raises(SettingsError) as caught:
        load()
    assert "NEUROCORTEX_TASKS__RETRIES = 'x' (from neurocortex.toml)" in str(caught.value)
    assert "NEUROCORTEX_TIERS__HIGH = '0' (from environment)" in str(caught.value)


@pytest.mark.parametrize("value", ["hunter2", "no url at all"])
def test_a_wrong_secret_is_not_shown(value: str, empty_folder: Path) -> None:
    (empty_folder / "neurocortex.toml").write_text(f'[database_url]\nsecret = "{value}"')
    with pytest.raises(SettingsError) as caught:
        load()
    assert value not in str(caught.value)


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("NEUROCORTEX_PORTS__REDDIS", "NEUROCORTEX_PORTS__REDIS"),
        ("NEUROCORTEX_TASK__RETRIES", "NEUROCORTEX_TASKS__RETRIES"),
        ("NEUROCORTEX_HOMES", "NEUROCORTEX_HOME"),
    ],
)
def test_a_misspelt_variable_is_refused_wherever_it_stands(
    misspelt: str, meant: str, empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(misspelt, "1")
    with pytest.raises(SettingsError, match=f"{misspelt} .from environment.*{meant}"):
        load()
    monkeypatch.delenv(misspelt)
    (empty_folder / ".env").write_text(f"{misspelt}=1\n")
    with pytest.raises(SettingsError, match=f"{misspelt} .from .env.*{meant}"):
        load()


def test_a_misspelt_name_in_toml_is_refused(empty_folder: Path) -> None:
    (empty_folder / "neurocortex.toml").write_text("hme = 1\n[task]\nretries = 1\n[ports]\nx = 1")
    with pytest.raises(SettingsError) as caught:
        load()
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert (
        "NEUROCORTEX_HME (from neurocortex.toml): there is no such setting."
        " Did you mean NEUROCORTEX_HOME?"
    ) in lines


@pytest.mark.parametrize("toml", ["ports = 5", "ports = [1]", 'ports = "x"'])
def test_a_value_in_the_place_of_a_group_is_refused(
    toml: str, empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty_folder / "neurocortex.toml").write_text(toml)
    monkeypatch.setenv("NEUROCORTEX_PORTS__REDIS", "1")
    with pytest.raises(SettingsError, match=r"NEUROCORTEX_PORTS .from neurocortex\.toml"):
        load()


@pytest.mark.parametrize("content", [b"= 5", b"[ports", b"\xff\xfe"])
def test_broken_toml_is_refused_with_the_files_name(empty_folder: Path, content: bytes) -> None:
    (empty_folder / "neurocortex.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=r"neurocortex\.toml"):
        load()


def test_a_missing_toml_file_that_was_named_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONFIG_VARIABLE, "nowhere.toml")
    with pytest.raises(SettingsError, match=r"NEUROCORTEX_CONFIG = 'nowhere.toml'"):
        load()


def test_secrets_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROCORTEX_DATABASE_URL", "postgresql://u:hunter2@h/d")
    monkeypatch.setenv("NEUROCORTEX_LLM__API_KEY", "hunter2")
    entries = list(load().entries())
    assert "hunter2" not in json.dumps(entries)
    shown = {entry.variable: entry.value for entry in entries}
    assert shown["NEUROCORTEX_DATABASE_URL"] == MASK
    assert shown["NEUROCORTEX_REDIS_URL"] == ""


def test_every_setting_says_what_it_means() -> None:
    assert [entry.variable for entry in load().entries() if not entry.description] == []


# What may stand in an environment variable and is not read as unset.
words = st.text(
    st.characters(categories=["L", "N", "P", "S", "Z", "Cc"], exclude_characters="\x00"),
    min_size=1,
    max_size=40,
)
positive = st.floats(0, 1e9, exclude_min=True, allow_subnormal=False)
urls = st.from_regex(r"\A[a-z][a-z0-9+.-]{0,5}://[!-~]{1,30}\Z")
ports = st.none() | st.integers(0, 65535)
folders = st.text(st.characters(categories=("L", "N"), include_characters=" ._-/"), min_size=1).map(
    Path
)
any_settings = st.builds(
    Settings,
    home=folders,
    database_url=st.none() | words.map(SecretStr),
    redis_url=st.none() | words.map(SecretStr),
    prefect_api_url=st.none() | st.from_regex(r"\Ahttps?://[!-~]{1,30}\Z"),
    ports=st.builds(PortSettings, postgres=ports, redis=ports, prefect=ports),
    embedded=st.builds(
        EmbeddedSettings,
        start_timeout_s=positive,
        stop_timeout_s=positive,
        max_restarts=st.integers(0, 10**6),
    ),
    tiers=st.builds(TierSettings, critical=st.integers(1, 10**6), low=st.integers(1, 10**6)),
    tasks=st.builds(
        TaskSettings,
        retries=st.integers(0, 100),
        backoff=st.floats(1, 1e6),
        jitter=st.floats(0, 1, allow_subnormal=False),
        timeout_s=positive,
    ),
    documents=st.builds(
        DocumentSettings, chunk_words=st.integers(51, 2000), chunk_overlap=st.integers(0, 50)
    ),
    lake=st.builds(
        LakeSettings,
        embedder=st.sampled_from(["lsa", "openai", "sentence-transformers"]),
        embedding_model=st.none() | words,
        embedding_base_url=st.none() | urls,
        embedding_api_key=st.none() | words.map(SecretStr),
    ),
    answers=st.builds(AnswerSettings, passages=st.integers(1, 50)),
    llm=st.builds(LlmSettings, base_url=st.none() | urls, model=st.none() | words),
    datasets=st.builds(DatasetSettings, folder=folders),
    forge=st.builds(ForgeSettings, folder=folders),
    pipelines=st.builds(PipelineSettings, folder=folders),
)


@pytest.fixture
def no_variables() -> Iterator[None]:
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@given(chosen=any_settings)
@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
def test_a_child_gets_the_very_same_settings(chosen: Settings, no_variables: None) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    os.environ.pop("PREFECT_API_URL", None)
    os.environ.update(environment(chosen))
    again = load().settings
    assert again == chosen.model_copy(
        update={
            "home": chosen.home.absolute(),
            "datasets": DatasetSettings(folder=chosen.datasets.folder.absolute()),
            "forge": ForgeSettings(folder=chosen.forge.folder.absolute()),
            "pipelines": PipelineSettings(folder=chosen.pipelines.folder.absolute()),
        }
    )


@given(path=st.sampled_from(["home", "ports.redis", "lake.embedding_api_key", "tasks.jitter"]))
def test_a_variables_name_follows_from_the_fields_path(path: str) -> None:
    assert variable(path) == PREFIX + path.upper().replace(".", "__")
