"""Agents: what they are told, the tools they may use, how they answer. No framework, no I/O."""
