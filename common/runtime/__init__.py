"""What every process runs on: configuration and lock, the turn of a service, journal, clock, logs, metrics."""
