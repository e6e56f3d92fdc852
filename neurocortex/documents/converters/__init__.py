"""One converter per format, each a `neurocortex.documents.source.Converter`.

The table in `neurocortex.documents.formats` says which reads which extension.
"""
