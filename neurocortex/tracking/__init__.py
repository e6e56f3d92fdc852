"""What became of requests: state in Redis, written behind to PostgreSQL, recovered from there."""
