"""The real-time lane: requests to processes that are up already, and their answers, over Redis."""
