"""The gateway: programs ask over HTTP, server-sent events and WebSocket."""
