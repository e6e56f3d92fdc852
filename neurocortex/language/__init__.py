"""Texts summarised, classified and read into a structure: with and without an LLM."""
