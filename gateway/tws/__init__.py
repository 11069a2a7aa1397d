"""The adapter for TWS: its protocol, from bytes to broker events and from commands to bytes."""
