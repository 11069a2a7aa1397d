"""The commands of `tapewire`, a file for each kind."""
