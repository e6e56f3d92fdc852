"""Agents."""

from neurocortex.errors.requests import RequestError


class AgentError(RequestError):
    """An agent cannot do what it was asked."""

    code = "agent"


class ArithmeticTextError(AgentError):
    """A text that was to be calculated is no arithmetic. `expression`: the text."""

    code = "arithmetic_text"

    def __init__(self, expression: str, reason: str) -> None:
        super().__init__(f"{expression!r} cannot be calculated: {reason}.")
        self.expression = expression
        self.reason = reason


class ToolArgumentsError(AgentError):
    """The arguments of a tool are not what it takes. `tool`: its name."""

    code = "tool_arguments"

    def __init__(self, tool: str, reason: str) -> None:
        super().__init__(f"The arguments of {tool} are wrong: {reason}.")
        self.tool = tool
        self.reason = reason
