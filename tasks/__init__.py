"""The steps of the flows: retried, timed, cached Prefect tasks, each one call into the core."""
