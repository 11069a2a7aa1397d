"""What every process runs on: lock, the turn of a service, journal, logs, metrics."""
