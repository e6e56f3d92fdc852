"""Small tables of PostgreSQL that every process knows within a second: a snapshot in Redis.

Each change of a row takes the next revision, and revisions are committed in their order: a snapshot
knows all that one of a lower revision does.
"""
