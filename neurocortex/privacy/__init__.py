"""Personal data: found in texts and tables, hidden or encrypted, and shown to who may see it."""
