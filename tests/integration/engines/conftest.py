"""LangChain's suites mark tests for plugins that are not used here."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    for plugin in ("benchmark", "vcr"):
        config.addinivalue_line("markers", f"{plugin}: for a plugin that LangChain's suites use")
