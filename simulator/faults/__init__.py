"""Faults: what a real TWS does at night, on demand, seeded and without I/O."""
