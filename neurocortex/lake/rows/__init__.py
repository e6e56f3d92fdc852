"""Tabular rows: staged chunk by chunk with COPY, then published in one transaction."""
