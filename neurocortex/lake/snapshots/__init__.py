"""Collections and tables of the Lake as Parquet files, for other programs and other Lakes."""
