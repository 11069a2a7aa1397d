"""Market data: from a file or made from a seed, on its own clock."""
