"""The bus: sockets, topics and frames, streams with sequence numbers, the event router."""
