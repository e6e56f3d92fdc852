"""Measures NeuroCortex: `python -m benchmarks NAME [--json]`."""
