"""The commands of `tapewire`, a file a kind."""
