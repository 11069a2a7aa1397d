"""The group of processes: start, stop, scale, status, control."""
