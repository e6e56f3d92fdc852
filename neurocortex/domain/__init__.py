"""The words of the platform as frozen values. Imports nothing but pydantic."""
