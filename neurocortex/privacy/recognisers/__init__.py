"""Recognisers of personal data by patterns, dictionaries and context; each is pure."""
