"""Haystack pipelines that are described in YAML: read, checked, run and traced."""
