"""Chaos: a group of real processes under faults, compared with the broker's side at the end."""
