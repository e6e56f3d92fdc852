"""The root of the tree."""


class NeuroCortexError(Exception):
    """Root of the tree: catch it to catch everything NeuroCortex raises on purpose."""
