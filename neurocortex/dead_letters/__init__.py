"""Runs that failed for good: kept with inputs, error and history, to be looked at and replayed."""
