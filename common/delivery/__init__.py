"""Delivery: back-off, circuit breakers, dead letters."""
