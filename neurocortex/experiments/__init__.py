"""Variants of a request compared on real traffic: who gets which, what came of it, which wins."""
