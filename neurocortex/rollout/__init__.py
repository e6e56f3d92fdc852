"""A new version of a model beside the one that serves: who gets which, and which one stays."""
