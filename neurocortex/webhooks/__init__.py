"""Webhooks: programs are told of an end by a signed call, and need not ask."""
