"""What all processes share: events, wire, bus, journal, positions, configuration, process shell."""
