"""Signals to orders, exactly once."""
