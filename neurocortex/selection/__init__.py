"""Which LLM provider serves a request best now: rules, what outcomes taught, and receipts."""
