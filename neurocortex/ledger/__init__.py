"""One ledger of slots and resources in Redis, shared by every worker on every machine."""
