"""The table of `tapewire.toml` about the web console: where it listens, and what it shows."""

import ipaddress
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from tapewire.common.config.sections import Identifier, Port, Section
from tapewire.common.errors import ConfigError

LOCAL: Final = "localhost"
HOST_PATTERN: Final = r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$"


class WebConfig(Section):
    """Whether the web console runs (it needs the extra `web`), and where it listens.

    `name` is what its pages call the group; without one it is named after its folder. `groups` are
    the run directories of other groups of this user that are shown on the same page.

    On another address than loopback it needs `beyond_loopback`, a `certificate` and its `key` (PEM
    files): everybody who can reach it there may try to log in. `hosts` are further names that
    browsers reach it by. `viewers_max` pages are served at a time.
    """

    enabled: bool = True
    host: str = "127.0.0.1"
    port: Port = 8420
    name: Identifier | Literal[""] = ""
    groups: tuple[Path, ...] = ()
    beyond_loopback: bool = False
    certificate: Path | None = None
    key: Path | None = None
    hosts: tuple[Annotated[str, Field(pattern=HOST_PATTERN)], ...] = ()
    viewers_max: Annotated[int, Field(ge=1, le=500)] = 50

    @field_validator("host")
    @classmethod
    def _is_address(cls, host: str) -> str:
        if host != LOCAL:
            try:
                ipaddress.ip_address(host)
            except ValueError:
                raise ValueError("localhost or an IP address, such as 127.0.0.1") from None
        return host

    @property
    def is_loopback(self) -> bool:
        """Whether nobody on another machine can reach it."""
        return self.host == LOCAL or ipaddress.ip_address(self.host).is_loopback

    @property
    def scheme(self) -> str:
        """`https` with a certificate, else `http`."""
        return "https" if self.certificate is not None else "http"

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ConfigError("web.certificate and web.key must be given together, or neither")
        if self.is_loopback:
            return self
        if not self.beyond_loopback or self.certificate is None:
            raise ConfigError(
                f"web.host is {self.host}, which other machines can reach; that needs"
                " web.beyond_loopback = true, a certificate and its key"
            )
        return self
