"""One YAML file that people write to one value, or an error that says where in the file, and what
instead."""

from collections.abc import Hashable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from neurocortex.domain.strict import PLACE, Strict
from neurocortex.errors import SpecFileError, SpecFileMissingError

Place = tuple[str | int, ...]

SpecT = TypeVar("SpecT", bound=Strict)

SHOWN_CHARS: Final = 60


class _Loader(yaml.SafeLoader):
    """Plain YAML, without its two traps: dates that are no text, keys that silently win."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as PyYAML declares it
        first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, object]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is there twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def read(path: Path, kind: type[SpecT], context: Mapping[str, object] | None = None) -> SpecT:
    """Read a YAML file.

    Args:
        path: of the file.
        kind: what it describes.
        context: for the validators of `kind`.

    Raises:
        SpecFileMissingError: there is no such file.
        SpecFileError: it cannot be read, or describes something that cannot be. The text lists
            every problem with its line, its path in the YAML and what is allowed.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (FileNotFoundError, IsADirectoryError):
        raise SpecFileMissingError(f"there is no file {path}.") from None
    except (OSError, UnicodeError) as error:
        raise SpecFileError(f"{path} cannot be read: {error}.") from error
    try:
        data = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
        root = yaml.compose(text, _Loader)
    except yaml.YAMLError as error:
        raise SpecFileError(f"{path} is no YAML: {_one_line(error)}.") from error
    except RecursionError:
        raise SpecFileError(f"{path} is nested too deeply.") from None
    if not isinstance(data, dict) or root is None:
        raise SpecFileError(f"{path} must be a mapping with `name`.")
    try:
        return kind.model_validate(data, context=dict(context or {}))
    except ValidationError as error:
        problems = [_explained(problem, data, root) for problem in error.errors()]
        raise SpecFileError("\n".join([f"{path} is wrong:", *problems])) from None


def _one_line(error: yaml.YAMLError) -> str:
    return " ".join(str(error).split())


def _explained(problem: ErrorDetails, data: object, root: yaml.Node) -> str:
    context = problem.get("ctx", {})
    place = (*_in_file(problem, data), *context.get(PLACE, ()))
    line = _line(root, place)
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    where = f"line {line}" + (f", {path.removeprefix('.')}" if path else "")
    return f"  {where}: {_message(problem, context)}"


def _message(problem: ErrorDetails, context: Mapping[str, object]) -> str:
    value = repr(problem["input"])
    shown = value if len(value) <= SHOWN_CHARS else f"{value[:SHOWN_CHARS]}…"
    match problem["type"]:
        case "missing":
            return "it is missing."
        case "value_error" | "problem":
            return problem["msg"].removeprefix("Value error, ")
        case "enum" | "literal_error":
            return f"{shown} is not allowed.{_choices(problem['input'], context['expected'])}"
        case "union_tag_invalid":
            return f"kind {context['tag']!r}.{_choices(context['tag'], context['expected_tags'])}"
        case "union_tag_not_found":
            return "it has no `kind`."
        case _:
            return f"{shown}: {problem['msg']}."


def _choices(value: object, expected: object) -> str:
    """Name what is allowed, and the nearest of it. Pydantic lists it as `'a', 'b' or 'c'`."""
    names = [part.strip(" '") for part in str(expected).replace(" or ", ",").split(",")]
    near = get_close_matches(str(value), names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"{hint} Allowed: {', '.join(names)}."


def _in_file(problem: ErrorDetails, data: Any) -> Iterator[str | int]:
    """Yield the parts of pydantic's location that are in the YAML.

    The others name the member of a union, e.g. `csv` in `source.csv.path`.
    """
    location = problem["loc"]
    for place, part in enumerate(location):
        is_last = place == len(location) - 1
        known = range(len(data)) if isinstance(data, list) else data
        if isinstance(known, Mapping | range) and part in known:
            data = data[part]
            yield part
        elif is_last and problem["type"] == "missing":
            yield part


def _line(node: yaml.Node, place: Place) -> int:
    """Return the line, from 1, at which a place starts, or what is nearest above it."""
    line = node.start_mark.line
    for part in place:
        below: yaml.Node | None = None
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            below = node.value[part]
            line = node.value[part].start_mark.line
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    below, line = value, key.start_mark.line
        if below is None:
            break
        node = below
    return line + 1
