"""What operators write about the choice of providers, and what requests may limit."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from neurocortex.errors import SpecFileError, SpecFileMissingError
from neurocortex.selection.limits import Limits, only_with_auto
from neurocortex.selection.policy import Policy, Weights, read

WRITTEN = """
weights:
  chat: {accuracy: 1, latency: 3, cost: 0, load: 0, half_seconds: 1}
providers:
  local: {data_classes: [internal, confidential]}
"""


def test_a_policy_has_weights_by_operation_and_classes_by_provider(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(WRITTEN)
    policy = read(tmp_path / "policy.yaml")
    assert policy.weights_of("chat").latency == 3
    assert policy.weights_of("answer") == Weights()
    assert policy.classes_of("local") == {"internal", "confidential"}
    assert policy.classes_of("hosted") == frozenset(), "who is not named may see no class"


def test_a_file_that_has_changed_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(WRITTEN)
    assert read(path).weights_of("chat").latency == 3
    path.write_text(WRITTEN.replace("latency: 3", "latency: 4"))
    os.utime(path, ns=(1, 1))
    assert read(path).weights_of("chat").latency == 4


def test_without_a_file_nothing_is_said() -> None:
    assert read(None) == Policy()


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (WRITTEN.replace("latency", "latancy"), r"line 3.*Did you mean 'latency'"),
        ("weights: {chat: {accuracy: 0, latency: 0, cost: 0, load: 0}}", "must be above 0"),
        ("weights: {chat: {accuracy: -1}}", "greater than or equal to 0"),
    ],
    ids=["misspelt", "nothing-counts", "negative"],
)
def test_a_wrong_policy_is_refused_with_its_line(tmp_path: Path, text: str, wrong: str) -> None:
    (tmp_path / "policy.yaml").write_text(text)
    with pytest.raises(SpecFileError, match=wrong):
        read(tmp_path / "policy.yaml")


def test_a_policy_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpecFileMissingError, match=r"none\.yaml"):
        read(tmp_path / "none.yaml")


def test_limits_without_a_choice_are_refused() -> None:
    only_with_auto("auto", Limits(data_class="secret"))
    only_with_auto("hosted", Limits())
    with pytest.raises(ValueError, match="a provider is named already"):
        only_with_auto("hosted", Limits(data_class="secret"))
    with pytest.raises(ValidationError, match="Did you mean 'regions'"):
        Limits.model_validate({"region": ["eu"]})
