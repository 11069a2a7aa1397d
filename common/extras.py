"""Extras: libraries that only some features need, and what to run where one is not installed."""

from importlib.util import find_spec

from tapewire.common.errors import ConfigError


def command(extra: str) -> str:
    """What installs an extra."""
    return f"pip install 'tapewire[{extra}]'"


def missing(module: str, install: str) -> str:
    """A sentence that ends in the command `install`, or nothing where `module` is installed."""
    if find_spec(module) is not None:
        return ""
    return f"{module} is not installed; install it with: {install}"


def require(feature: str, module: str, extra: str = "") -> None:
    """Raise `ConfigError` unless `module`, which `feature` (`--plot`) needs, is installed. Without
    an `extra` it is a library of its own."""
    if lacking := missing(module, command(extra) if extra else f"pip install {module}"):
        raise ConfigError(f"{feature}: {lacking}")
