"""Batches: many requests of the real-time lane, done by one flow run."""
