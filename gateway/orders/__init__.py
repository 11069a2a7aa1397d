"""Order entry: what may go to the broker, what became of each order. It decides and speaks no protocol."""
