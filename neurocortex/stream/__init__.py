"""The Stream: events between services, each handled at least once by whoever registered for it."""
