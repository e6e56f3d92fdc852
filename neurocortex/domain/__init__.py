"""The words of the platform: frozen values and small protocols. Imports no adapter."""
