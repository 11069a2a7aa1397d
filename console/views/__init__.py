"""How things are shown on a terminal and as JSON."""
