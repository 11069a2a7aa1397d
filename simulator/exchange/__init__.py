"""The simulated exchange: matching, orders, accounts."""
