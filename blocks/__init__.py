"""Prefect blocks for NeuroCortex's neighbours: where each is, and how to get in.

Each has `connect()`, which hands the core an open connector, and `check()`, which says in one
sentence what is wrong, or None. Nothing else is decided here.
"""

from blocks.cache import Cache
from blocks.forge import Forge
from blocks.lake import Lake
from blocks.llm_provider import LLMProvider
from blocks.stream import Stream

__all__ = ["Cache", "Forge", "LLMProvider", "Lake", "Stream"]
