"""Backups of what cannot be computed again: databases, models, what people wrote, and keys.

Redis is not among it: what it holds is derived from PostgreSQL, or lives for minutes.
"""
