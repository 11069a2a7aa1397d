"""A sweep: back-tests of one strategy with many parameters, and what is best of them."""
