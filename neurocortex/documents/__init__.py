"""From paths to chunks: finding files, reading them, splitting them, refusing what is no text.

In order: `discover` finds files, `reading` turns each into documents through one converter per
format, `gate` refuses what is no usable text, `split` cuts the rest into chunks. Nothing here
touches a database; whatever cannot be read ends as a `Quarantined` with file, row and reason.
"""
