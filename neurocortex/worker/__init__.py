"""The Prefect worker that starts flow runs in warm processes."""
