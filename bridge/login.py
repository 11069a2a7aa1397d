"""How a bridge logs in: by a file that only its owner can read."""

from pathlib import Path
from typing import NamedTuple

from tapewire.common.errors import ConfigError
from tapewire.common.runtime import private_file


class Login(NamedTuple):
    """What NATS is given; all None where it asks for nothing."""

    user: str | None = None
    password: str | None = None
    token: str | None = None


def login(path: Path | None) -> Login:
    """What is in `cluster.nats_token_file`: a token, or `user:password`. Raises `ConfigError` if
    others could read it; no sentence has anything of what is in it."""
    if path is None:
        return Login()
    found = private_file.secret("cluster.nats_token_file", path, "token")
    if not found or len(found.split()) != 1:
        raise ConfigError(
            f"cluster.nats_token_file: {path} must have a token or user:password, and nothing else"
        )
    user, colon, password = found.partition(":")
    return Login(user=user, password=password) if colon else Login(token=found)
