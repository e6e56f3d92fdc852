"""Backups of what cannot be computed again: the databases, and the keys of what is encrypted.

Redis is not among it: what it holds is derived from PostgreSQL, or lives for minutes.
"""
