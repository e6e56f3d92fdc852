"""Tabular datasets: one YAML file says where rows come from, what they must be like, where they go.

`catalog` finds the files, `reader` reads one into a `spec.DatasetSpec`, `extract`, `parsing` and
`transform` work on chunks of rows, `etl` runs the whole of it.
"""
