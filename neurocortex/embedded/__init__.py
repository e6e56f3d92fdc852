"""PostgreSQL, Redis, the Prefect server and the workers, started from wheels and watched."""
