"""The same services on a virtual clock: one process, no socket, down to TWS's bytes."""
