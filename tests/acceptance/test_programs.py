"""Programs reach the platform as the README and `docs/how-to/send-requests.md` tell them."""

import json
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from neurocortex.embedded import state

if TYPE_CHECKING:
    from tests.acceptance.conftest import Platform

REPOSITORY: Final = Path(__file__).parents[2]
README: Final = (REPOSITORY / "README.md").read_text()
HOW_TO: Final = (REPOSITORY / "docs" / "how-to" / "send-requests.md").read_text()
EXAMPLES: Final = re.findall(r"```python\n(.*?)```", HOW_TO, re.DOTALL)


@pytest.fixture(scope="module")
def key(platform: "Platform") -> str:
    """An API key, made as the README says."""
    made = platform.run("keys", "create", "--tenant", "me")
    assert made.returncode == 0, made.stderr
    found = re.search(r"nc_\w+", made.stdout)
    assert found is not None, made.stdout
    return found.group()


def _here(text: str, platform: "Platform") -> str:
    """Return an example with the addresses of this platform."""
    ports = state.read_ports(platform.home.run)
    return text.replace(":8080", f":{ports.gateway}").replace(":8081", f":{ports.grpc}")


def _run(platform: "Platform", key: str, example: str) -> str:
    program = f"KEY = {key!r}\nimport sys\nsys.path.insert(0, {str(REPOSITORY)!r})\n"
    done = platform.user.shell(sys.executable, "-c", program + _here(example, platform))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_up_prints_no_key_to_a_file_and_a_line_for_curl_that_answers(
    platform: "Platform", key: str
) -> None:
    if shutil.which("curl") is None:
        pytest.skip("there is no curl")
    said = platform.output.read_text()
    assert re.findall(r"nc_\w+", said) == []
    assert "neurocortex keys create" in said
    (line,) = [line for line in said.splitlines() if "curl http" in line]
    command = line[line.index("curl") :]
    done = platform.user.shell("/bin/sh", "-c", f"KEY={shlex.quote(key)}; {command} -s")
    assert "critical, high, medium and low" in json.loads(done.stdout)["text"]


def test_the_readmes_curl_line_is_answered(platform: "Platform", key: str) -> None:
    if shutil.which("curl") is None:
        pytest.skip("there is no curl")
    found = re.search(r"^curl .*?\\\n.*$", README, re.MULTILINE)
    assert found is not None
    command = _here(found.group(), platform).replace('"papers"', '"documents"')
    done = platform.user.shell("/bin/sh", "-c", f"KEY={shlex.quote(key)}; {command} -s")
    assert json.loads(done.stdout)["collection"] == "documents"


def test_the_examples_are_those_of_openai_websocket_and_grpc() -> None:
    kinds = [re.search(r"import (OpenAI|connect|grpc)", each) for each in EXAMPLES]
    assert [kind and kind.group(1) for kind in kinds] == ["OpenAI", "connect", "grpc"]


def test_openais_client_is_answered(platform: "Platform", key: str) -> None:
    shown = EXAMPLES[0].replace("client.chat", "answer = client.chat", 1)
    said = _run(platform, key, f"{shown}\nprint(answer.choices[0].message.content)")
    assert "critical, high, medium and low" in said


def test_a_websocket_client_hears_parts_and_the_result(platform: "Platform", key: str) -> None:
    events = [line.split()[0] for line in _run(platform, key, EXAMPLES[1]).splitlines()]
    assert events[-1] == "result"
    assert set(events[:-1]) == {"part"}


def test_a_grpc_client_is_answered(platform: "Platform", key: str) -> None:
    assert json.loads(_run(platform, key, EXAMPLES[2]).strip()[2:-1]) == {"text": "hi"}
