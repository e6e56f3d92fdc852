"""Versions of collections and tables: each load makes one, and the last ones can be returned to."""
