"""Calls of LLMs over several endpoints of a model: who gets the next, and what a failure means.

Rules are pure (`health`, `choosing`, `shortage`, `hedging`, `retry_budget`, `latencies`,
`lateness`); `states` keeps what they need, in Redis for all processes, here when Redis is away;
`balancer` makes the calls.
"""
