"""From a dotted name in the configuration to a checked strategy instance."""
