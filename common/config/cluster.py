"""The table of `tapewire.toml` about the mirror: whether it is kept, and where."""

import re
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, field_validator, model_validator

from tapewire.common.config.sections import EachOnce, Identifier, Section
from tapewire.common.errors import ConfigError

URL: Final = re.compile(r"(nats|tls)://[A-Za-z0-9.\[\]:_-]+")
SERVER: Final = re.compile(r"[A-Za-z0-9.\[\]:_-]+:\d{1,5}")
Names = Annotated[tuple[str, ...], EachOnce]


class ClusterConfig(Section):
    """Whether a bridge mirrors each journal beyond this machine, and where to.

    `nats` are the nodes of a NATS cluster with JetStream, `kafka` the brokers of a Kafka cluster;
    either or both. Streams and topics are called `prefix-ROLE-N`; what is mirrored under one prefix
    is the journals of one run directory. `nats_token_file` has a token or `user:password`, and is
    yours and of mode 0600; `nats_ca_file` has the certificates to trust with `tls://`. With `ticks`
    the recorder sends what it records of the market to Kafka as well.
    """

    enabled: bool = False
    nats: Names = ()
    nats_token_file: Path | None = None
    nats_ca_file: Path | None = None
    kafka: Names = ()
    ticks: bool = False
    prefix: Identifier = "tapewire"
    replicas: Annotated[int, Field(ge=1, le=5)] = 3
    stream_max_mb: Annotated[int, Field(ge=0, le=1_000_000)] = 0

    @field_validator("nats")
    @classmethod
    def _without_secrets(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        """What is in a URL may be a password, so a wrong one is not shown."""
        if not all(URL.fullmatch(url) for url in urls):
            raise ConfigError(
                "cluster.nats has a URL that is not nats://HOST:PORT or tls://HOST:PORT; a user, a"
                " password or a token belongs into the file that cluster.nats_token_file names"
            )
        return urls

    @field_validator("kafka")
    @classmethod
    def _are_servers(cls, servers: tuple[str, ...]) -> tuple[str, ...]:
        if not all(SERVER.fullmatch(server) for server in servers):
            raise ValueError("a list of HOST:PORT")
        return servers

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if self.enabled and not (self.nats or self.kafka):
            raise ConfigError(
                "cluster.enabled is true, and neither cluster.nats nor cluster.kafka names a"
                ' server; expected at least one, such as nats = ["nats://127.0.0.1:4222"]'
            )
        if self.ticks and not self.kafka:
            raise ConfigError(
                "cluster.ticks is true; it must be false while cluster.kafka is empty"
            )
        return self
