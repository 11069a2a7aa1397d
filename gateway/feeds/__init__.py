"""Who reads which market data, and whether they come."""
