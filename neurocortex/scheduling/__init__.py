"""Who runs next: the tiers' rules, pure and without a clock."""
