"""Tokens of language models: what a request and a tenant may use up, and what they did."""
