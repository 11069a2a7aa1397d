"""Other systems, run on the same ticks."""
