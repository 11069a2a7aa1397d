"""Strategies worth reading."""
