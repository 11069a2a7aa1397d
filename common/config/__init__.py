"""The configuration file: what it may hold, and how a fault in it is reported."""
