"""The two kinds of error that end a command with one sentence. Importing them loads nothing."""


class ConfigError(ValueError):
    """A configuration that is refused: which key, what was found, what was expected."""

    exit_status = 2


class TapewireError(RuntimeError):
    """Something that went wrong outside this process: what and where, and what to do about it."""

    exit_status = 1
