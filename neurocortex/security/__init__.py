"""Who may do what, and how often: API keys, tokens, roles, lock-out, rates. No web framework."""
