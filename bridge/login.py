"""How a bridge logs in, and whom it trusts: by files that the configuration names."""

from typing import TYPE_CHECKING, NamedTuple

from tapewire.common.config.cluster import ClusterConfig
from tapewire.common.errors import ConfigError
from tapewire.common.runtime import private_file

if TYPE_CHECKING:
    from ssl import SSLContext


class Login(NamedTuple):
    """What NATS is given; all None where it asks for nothing."""

    user: str | None = None
    password: str | None = None
    token: str | None = None


def login(config: ClusterConfig) -> Login:
    """What is in `cluster.nats_token_file`: a token, or `user:password`. Raises `ConfigError` if
    others could read it, and if `cluster.nats_ca_file` cannot be used; no sentence has anything of
    what is in the first."""
    certificates(config)
    path = config.nats_token_file
    if path is None:
        return Login()
    found = private_file.secret("cluster.nats_token_file", path, "token")
    if not found or len(found.split()) != 1:
        raise ConfigError(
            f"cluster.nats_token_file: {path} must have a token or user:password, and nothing else"
        )
    user, colon, password = found.partition(":")
    return Login(user=user, password=password) if colon else Login(token=found)


def certificates(config: ClusterConfig) -> "SSLContext | None":
    """Whom to trust; None where no URL is `tls://`. Raises `ConfigError` if `cluster.nats_ca_file`
    cannot be read, or has no certificate."""
    if not any(url.startswith("tls:") for url in config.nats):
        return None
    import ssl

    path = config.nats_ca_file
    try:
        return ssl.create_default_context(cafile=path)
    except OSError as error:
        why = error.strerror or error
        raise ConfigError(
            f"cluster.nats_ca_file: {path}: {why}; expected a file of certificates (PEM)"
        ) from error
