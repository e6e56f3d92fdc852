"""Everything that has to exist on the Prefect server, applied by `python -m deployments`."""
