"""Adapters to model frameworks and providers: the only code that imports them."""
