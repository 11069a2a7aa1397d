"""Order entry: what may go to the broker, and what became of each order."""
