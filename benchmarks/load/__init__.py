"""What loads the system in a benchmark, and what carries the load."""
