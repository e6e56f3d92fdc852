"""A person's data on request: every copy found, and erased (GDPR, article 17)."""
