"""One cache of three levels for every task, engine and gateway: memory, Redis, disk."""
