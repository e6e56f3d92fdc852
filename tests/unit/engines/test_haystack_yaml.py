"""A pipeline's YAML: what it may say, and errors that name the file, the place and the remedy."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import JsonValue

from neurocortex.engines.haystack_pipelines import catalog
from neurocortex.engines.haystack_pipelines.loading import load
from neurocortex.errors import (
    HaystackFileError,
    HaystackInputError,
    HaystackPipelineNotFoundError,
)

JOINER = "haystack.components.joiners.string_joiner.StringJoiner"
PROMPT = "haystack.components.builders.prompt_builder.PromptBuilder"
ADAPTER = "haystack.components.converters.output_adapter.OutputAdapter"

GREETING: dict[str, JsonValue] = {
    "summary": "Greets.",
    "parameters": {"greeting": "Hello {{ name }}", "strict": True},
    "components": {
        "prompt": {
            "type": PROMPT,
            "init_parameters": {"template": "$greeting", "required_variables": ["name"]},
        }
    },
    "inputs": {"name": "prompt.name"},
    "outputs": {"text": "prompt.prompt"},
}


def written(folder: Path, file: str = "greeting", **changed: Any) -> Path:
    path = folder / f"{file}.yaml"
    path.write_text(yaml.safe_dump({**GREETING, **changed}, sort_keys=False))
    return path


def loaded(folder: Path, parameters: dict[str, JsonValue] | None = None, *modules: str) -> object:
    described = catalog.find("greeting", folder, modules)
    return load(described, parameters or {}, modules)


@pytest.mark.parametrize("name", ["document_qa", "indexing", "search", "summarise"])
def test_what_is_shipped_loads(name: str, tmp_path: Path) -> None:
    described = catalog.find(name, tmp_path / "missing", ())
    assert load(described, {"collection": "papers"}, ()).outputs
    assert described.path.parent == catalog.SHIPPED


def test_a_file_of_the_same_name_takes_the_place_of_a_shipped_one(tmp_path: Path) -> None:
    path = written(tmp_path, "search")
    assert catalog.find("search", tmp_path, ()).path == path
    assert catalog.files(tmp_path)["search"] == path


def test_a_name_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    written(tmp_path)
    with pytest.raises(HaystackPipelineNotFoundError, match="Did you mean 'greeting'") as told:
        catalog.find("greetings", tmp_path, ())
    assert told.value.known == ("document_qa", "indexing", "search", "summarise", "greeting")
    with pytest.raises(HaystackPipelineNotFoundError):
        catalog.find("../greeting", tmp_path / "below", ())


def test_parameters_take_the_places_of_defaults(tmp_path: Path) -> None:
    written(tmp_path)
    described = catalog.find("greeting", tmp_path, ())
    prompt = load(described, {"greeting": "Bye {{ name }}"}, ()).pipeline.get_component("prompt")
    assert prompt.run(name="Ann") == {"prompt": "Bye Ann"}


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"greting": "x"}, "it has no parameter 'greting'; there are: greeting, strict"),
        ({"greeting": 3}, "its parameter 'greeting' must be str, not 3"),
        ({"strict": 1}, "its parameter 'strict' must be bool, not 1"),
        ({"strict": None}, "must be bool, not None"),
    ],
    ids=["unknown", "number", "almost", "null"],
)
def test_a_wrong_parameter_is_told(
    tmp_path: Path, parameters: dict[str, JsonValue], reason: str
) -> None:
    written(tmp_path)
    with pytest.raises(HaystackInputError, match=reason):
        loaded(tmp_path, parameters)


def component(kind: str, **parameters: JsonValue) -> JsonValue:
    return {"prompt": {"type": kind, "init_parameters": parameters}}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"components": component("os.path.join")}, r"os.path.join is not of a trusted module"),
        ({"components": component("neurocortex.backup.x.Y")}, "not of a trusted module"),
        (
            {"components": component(PROMPT, template={"type": "subprocess.Popen"})},
            r"line \d+, components.prompt.init_parameters.template.type: subprocess.Popen",
        ),
        (
            {"components": component(PROMPT, template="$greting")},
            r"no parameter \$greting. Did you mean 'greeting'",
        ),
        ({"components": component("no_dots")}, "line 7, components.prompt.type: 'no_dots'"),
        (
            {"connections": [{"sender": "promt.prompt", "receiver": "prompt.name"}]},
            "there is no component 'promt'. Did you mean 'prompt'",
        ),
        ({"inputs": {"name": "prompt"}}, "'prompt' must be component.socket"),
        ({"outputs": {"text": "llm.replies"}}, "there is no component 'llm'"),
        ({"inputs": {}}, "inputs: {}"),
        ({"inptus": {}}, "unknown key 'inptus'. Did you mean 'inputs'"),
        ({"outputs": {"text": "prompt.text"}}, "outputs.text: the component prompt has no text;"),
        ({"inputs": {"name": "prompt.nme"}}, "inputs.name: the component prompt has no nme; it"),
        ({"inputs": {"template": "prompt.template"}}, "the component prompt needs its input name"),
        (
            {"components": component(f"{PROMPT}s", template="x")},
            "Component '.*PromptBuilders' .* not imported",
        ),
        ({"components": component(PROMPT)}, "component 'prompt' of class 'PromptBuilder': .*templ"),
        (
            {"components": component(PROMPT, template="{{ name")},
            "component 'prompt' of class 'PromptBuilder'",
        ),
        (
            {
                "components": {
                    "prompt": {"type": PROMPT, "init_parameters": {"template": "{{ name }}"}},
                    "join": {"type": JOINER},
                },
                "connections": [{"sender": "join.strings", "receiver": "prompt.nam"}],
            },
            "nam",
        ),
    ],
    ids=range(17),
)
def test_a_wrong_file_is_told_with_its_place(
    tmp_path: Path, changed: dict[str, JsonValue], reason: str
) -> None:
    written(tmp_path, "greeting", **changed)
    with pytest.raises(HaystackFileError, match=reason) as told:
        loaded(tmp_path)
    assert "'greeting'" in str(told.value)


@pytest.mark.parametrize(
    "parameters",
    [
        {"output_type": "str", "custom_filters": {"run": "os.system"}, "template": "{{ x | run }}"},
        {"output_type": "str", "custom_filters": {"run": "builtins.eval"}, "template": "{{ x }}"},
        {"output_type": "subprocess.Popen", "template": "{{ x }}"},
    ],
    ids=["function", "builtin", "type"],
)
def test_what_a_component_would_import_is_held_to_the_list_too(
    tmp_path: Path, parameters: dict[str, JsonValue]
) -> None:
    written(
        tmp_path,
        components=component(ADAPTER, **parameters),
        inputs={"x": "prompt.x"},
        outputs={"text": "prompt.output"},
    )
    with pytest.raises(HaystackFileError, match=r"(?i)refusing"):
        loaded(tmp_path)


def test_a_template_never_leaves_its_sandbox(tmp_path: Path) -> None:
    parameters: dict[str, JsonValue] = {
        "output_type": "str",
        "template": "{{ x.__class__.__mro__ }}",
        "unsafe": True,
    }
    written(
        tmp_path,
        components=component(ADAPTER, **parameters),
        inputs={"x": "prompt.x"},
        outputs={"text": "prompt.output"},
    )
    with pytest.raises(HaystackFileError, match=r"(?i)unsafe"):
        loaded(tmp_path)


def test_an_operator_adds_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_components.py").write_text(
        "from haystack import component\n\n\n"
        "@component\nclass Shout:\n"
        "    @component.output_types(prompt=str)\n"
        "    def run(self, name: str) -> dict[str, str]:\n"
        '        return {"prompt": name.upper()}\n'
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    written(tmp_path, components=component("own_components.Shout"))
    with pytest.raises(HaystackFileError, match="NEUROCORTEX_PIPELINES__MODULES"):
        loaded(tmp_path)
    assert loaded(tmp_path, {}, "own_components")
