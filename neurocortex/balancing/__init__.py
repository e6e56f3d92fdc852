"""Calls of LLMs over several endpoints of a model: who gets the next, and what a failure means.

Rules are pure (`health`, `choosing`, `retry_budget`, `latencies`); `states` keeps what they need,
in Redis for all processes, here when Redis is away; `balancer` makes the calls.
"""
