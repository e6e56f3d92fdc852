"""What people and programs say about predictions, and what models learn from it."""
