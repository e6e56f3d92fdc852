"""The Forge: models trained from the Lake's tables, registered with their card, and served.

A training spec (`spec`) says what to learn from which table. `training` fits it, `registry` keeps
each version with its card on MLflow, `pool` holds those in memory that are worth their bytes.
"""
