"""Orders and books: one order life cycle, one exposure, one account book, one comparison."""
