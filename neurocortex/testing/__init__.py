"""Doubles for what cannot run in a test, over the real protocol. For your own flows' tests too."""
