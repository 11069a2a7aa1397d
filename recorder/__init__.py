"""The recorder: what the group publishes, kept on disk as it came, then as Parquet."""
