"""Where settings come from, and how a child process gets the same ones."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple, cast

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_settings import (
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    TomlConfigSettingsSource,
)

from neurocortex.errors import SettingsError
from neurocortex.settings.group import PREFIX, Group
from neurocortex.settings.tree import Settings

CONFIG_VARIABLE: Final = "NEUROCORTEX_CONFIG"

MASK: Final = "********"


class Entry(NamedTuple):
    """One setting as `neurocortex settings` prints it."""

    variable: str
    """Name in the environment."""
    value: str
    """Secrets masked."""
    origin: str
    """`environment`, `.env`, the TOML file's path, or `default`."""
    description: str


class Loaded(NamedTuple):
    """The settings, and where each that is not a default came from."""

    settings: Settings
    origins: Mapping[str, str]
    """By dotted field path, e.g. `lake.embedder`."""

    def entries(self) -> Iterator[Entry]:
        """Yield every setting in the order of this file."""
        for path, description, value in _walk(self.settings):
            yield Entry(
                variable(path), _shown(value), self.origins.get(path, "default"), description
            )


def load() -> Loaded:
    """Read the settings from environment, `.env` and TOML.

    Raises:
        SettingsError: a value is not allowed, or a name is unknown; it lists every one.
    """
    toml = Path(os.environ.get(CONFIG_VARIABLE, "neurocortex.toml"))
    if CONFIG_VARIABLE in os.environ and not toml.is_file():
        raise SettingsError(f"{CONFIG_VARIABLE} = {str(toml)!r}: there is no such file.")
    weakest_first: list[tuple[str, Callable[[], PydanticBaseSettingsSource]]] = [
        (str(toml), lambda: TomlConfigSettingsSource(Settings, toml_file=toml)),
        (".env", lambda: DotEnvSettingsSource(Settings, env_file=".env")),
        ("environment", lambda: EnvSettingsSource(Settings)),
    ]
    found: dict[str, object] = {}
    origins: dict[str, str] = {}
    for origin, source in weakest_first:
        try:
            values = source()()
        except Exception as error:
            raise SettingsError(f"The settings in {origin} cannot be read: {error}") from error
        for path, value in _leaves(values):
            found[path] = value
            origins[path] = origin
    _refuse_unknown_names(origins)
    merged: dict[str, object] = {}
    for path, value in found.items():
        _put(merged, path, value)
    try:
        return Loaded(Settings.model_validate(merged), origins)
    except ValidationError as error:
        raise SettingsError(_explain(error, origins)) from None


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return this process's settings, read at the first call."""
    return load().settings


def variable(path: str) -> str:
    """Return the environment variable of a dotted field path."""
    if path == "prefect_api_url":
        return "PREFECT_API_URL"
    return PREFIX + path.replace(".", "__").upper()


def environment(settings: Settings) -> dict[str, str]:
    """Return the variables that give a child process these very settings.

    Relative paths are made absolute: a child may run in another folder.
    """
    found: dict[str, str] = {}
    for path, _, value in _walk(settings):
        if value is None:
            continue
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        elif isinstance(value, Path):
            value = value.absolute()
        # Several values are one JSON list in a variable.
        found[variable(path)] = json.dumps(value) if isinstance(value, tuple) else str(value)
    return found


def _walk(group: BaseModel, prefix: str = "") -> Iterator[tuple[str, str, object]]:
    for name, field in type(group).model_fields.items():
        value = getattr(group, name)
        if isinstance(value, Group):
            yield from _walk(value, f"{name}.")
        else:
            yield prefix + name, field.description or "", value


def _leaves(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        path = prefix + name.lower()
        if isinstance(value, dict):
            yield from _leaves(cast("Mapping[str, object]", value), f"{path}.")
        else:
            yield path, value


def _put(tree: dict[str, object], path: str, value: object) -> None:
    *groups, leaf = path.split(".")
    for group in groups:
        tree = cast("dict[str, object]", tree.setdefault(group, {}))
    tree[leaf] = value


def _refuse_unknown_names(origins: Mapping[str, str]) -> None:
    """A misspelt name would otherwise be a setting that silently does nothing."""
    known = {variable(path): path for path, _, _ in _walk(Settings.model_construct())}
    wrong = [
        (name, "environment")
        for name in os.environ
        if name.startswith(PREFIX) and name != CONFIG_VARIABLE and name.upper() not in known
    ]
    wrong += [(variable(path), at) for path, at in origins.items() if variable(path) not in known]
    if not wrong:
        return
    lines = []
    for name, origin in dict(wrong).items():
        near = get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]}?" if near else " `neurocortex settings` lists all."
        lines.append(f"{name} (from {origin}): there is no such setting.{hint}")
    raise SettingsError("\n".join(lines))


def _explain(error: ValidationError, origins: Mapping[str, str]) -> str:
    lines = []
    for problem in error.errors():
        path = ".".join(str(part) for part in problem["loc"])
        if path == "PREFECT_API_URL":
            path = "prefect_api_url"
        origin = origins.get(path, "default")
        value = MASK if _is_secret(path) else repr(problem["input"])
        lines.append(f"{variable(path)} = {value} (from {origin}): {problem['msg']}.")
    return "\n".join(lines)


def _is_secret(path: str) -> bool:
    return path.endswith(("_key", "database_url", "redis_url"))


def _shown(value: object) -> str:
    if value is None:
        return ""
    return MASK if isinstance(value, SecretStr) else str(value)
