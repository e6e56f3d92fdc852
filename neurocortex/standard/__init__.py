"""The standard lane: each request is a Prefect flow run, started once and followed to its end."""
