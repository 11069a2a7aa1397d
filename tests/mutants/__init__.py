"""Deliberate bugs in the real code, and by what and how fast each is found."""
