"""`[[gateways]]`: the logins of a group that trades with several, each with its own TWS."""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from tapewire.common.bus import ports
from tapewire.common.config import faults
from tapewire.common.config.near import expected
from tapewire.common.config.sections import AccountName, EachOnce, Identifier, Port, Section
from tapewire.common.config.tws import ChosenTicks, TwsConfig
from tapewire.common.errors import ConfigError
from tapewire.common.logins import ONLY, Login, Logins
from tapewire.common.runtime import private_file

OWN: Final = ("host", "port", "client_id", "liquidation_client_id", "ticks")
BrokerKind = Literal["tws", "projectx"]
OF_PROJECTX: Final = ("python", "api", "hubs", "user", "key_env", "key_file")
KEYS_OF: Final[Mapping[BrokerKind, tuple[str, ...]]] = {"tws": OWN, "projectx": OF_PROJECTX}
"""The keys that mean something for one kind alone."""


class LoginConfig(Section):
    """One login: where its TWS is, which accounts it trades, and whose market data it provides.

    What is left out of `host`, `port`, the client ids and `ticks` is that of `[tws]`;
    `live_account` is the top one. `accounts` are all of the login, and TWS has to have exactly
    these. They may be left out where there is one entry. `instruments` are the symbols that it
    streams; without them, all.

    `kind` is whose login it is. With `projectx`, `accounts` are the numbers that ProjectX has for
    them, and others of the login are left alone. `user` logs in, with the API key that the
    environment variable `key_env` or the file `key_file` (mode 0600) has. `api` and `hubs` are the
    addresses of the firm's gateway: https or wss, but for loopback. `python` is an interpreter,
    3.12 or newer, that has project-x-py; without it, the one that runs the gateway.
    """

    name: Identifier
    host: str | None = None
    port: Port | None = None
    client_id: Annotated[int, Field(ge=0)] | None = None
    liquidation_client_id: Annotated[int, Field(ge=0)] | None = None
    ticks: ChosenTicks | None = None
    accounts: Annotated[tuple[AccountName, ...], EachOnce] = ()
    instruments: Annotated[tuple[str, ...], EachOnce] = ()
    live_account: str | None = None
    kind: BrokerKind = "tws"
    python: Path | None = None
    api: str = "https://api.topstepx.com/api"
    hubs: str = "https://rtc.topstepx.com/hubs"
    user: str = ""
    key_env: str = ""
    key_file: Path | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        """What only another kind has would mean nothing."""
        if given := sorted(self.model_fields_set & self._of_others()):
            raise ConfigError(
                f"gateways.{self.name}.{given[0]} means nothing with kind {self.kind}; remove it,"
                " or correct kind"
            )
        for name in ("api", "hubs"):
            if not _keeps_secrets(getattr(self, name)):
                raise ConfigError(
                    f"gateways.{self.name}.{name} must begin with https:// or wss://, since the API"
                    " key goes there; http:// and ws:// are for a loopback address alone"
                )
        return self

    @model_serializer(mode="wrap")
    def _without_others(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What a group was launched with is read back, and a key of another kind refused there."""
        others = self._of_others()
        return {key: value for key, value in serialize(self).items() if key not in others}

    def _of_others(self) -> set[str]:
        return {key for keys in KEYS_OF.values() for key in keys} - {*KEYS_OF[self.kind]}

    def key(self, environment: Mapping[str, str]) -> str:
        """ProjectX's API key; raises `ConfigError` if it is not where it should be, or if others
        could read it."""
        if self.key_file is not None:
            return private_file.secret(f"gateways.{self.name}.key_file", self.key_file, "key")
        if found := environment.get(self.key_env, "").strip():
            return found
        raise ConfigError(
            f"gateways.{self.name} has no API key; name an environment variable with key_env, or a"
            " file of mode 0600 with key_file"
        )

    def login(self) -> Login:
        """The same as a value."""
        return Login(self.name, self.accounts, self.instruments)

    def tws(self, defaults: TwsConfig) -> TwsConfig:
        """Its connection, with `defaults` for what it leaves out."""
        own = {key: getattr(self, key) for key in OWN}
        return defaults.model_copy(update={key: v for key, v in own.items() if v is not None})


def _keeps_secrets(address: str) -> bool:
    """Whether nobody on the way can read what is sent to a URL."""
    try:
        scheme, host = (parts := urlsplit(address)).scheme, parts.hostname or ""
    except ValueError:
        return False
    if scheme in ("https", "wss"):
        return bool(host)
    if scheme not in ("http", "ws"):
        return False
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def logins_of(entries: Iterable[LoginConfig]) -> Logins:
    """The logins; the only one, without a name, where there are no entries."""
    found = tuple(one.login() for one in entries)
    return Logins(found) if found else ONLY


# ---- what must not be ----------------------------------------------------------------------------


def require(
    entries: Sequence[LoginConfig], defaults: TwsConfig, symbols: Iterable[str], *, simulated: bool
) -> None:
    """Raise `ConfigError` where entries contradict each other, or what else is configured. With the
    simulator each has a TWS of its own, whatever address is configured."""
    _require_owners(entries)
    known = set(symbols)
    for number, one in enumerate(entries):
        for symbol in one.instruments if known else ():
            faults.refuse_unknown(("gateways", number, "instruments"), symbol, known, "instruments")
    for one in entries:
        _require_user(one, simulated=simulated)
    at_tws = [(one.name, one.tws(defaults)) for one in entries if one.kind == "tws"]
    _require_places(at_tws, simulated=simulated)


def _require_user(one: LoginConfig, *, simulated: bool) -> None:
    """Somebody logs in to ProjectX; the group's own simulator takes nobody else."""
    if one.kind == "projectx" and not (simulated or one.user):
        raise ConfigError(
            f"gateways.{one.name}.user is missing; it must be the user name at ProjectX"
        )


def _require_owners(entries: Sequence[LoginConfig]) -> None:
    """Each account is of one login, and with several logins all are named."""
    owners: dict[str, str] = {}
    for one in entries:
        if len(entries) > 1 and not one.accounts:
            raise ConfigError(
                f"gateways.{one.name}.accounts is missing; with several gateways each lists all"
                " accounts of its login, so that an order can only go where its account is"
            )
        for account in one.accounts:
            if account in owners:
                raise ConfigError(
                    f"gateways.{one.name}.accounts has an account of {owners[account]}, too; each"
                    " account must be of one gateway, so remove it from one of them"
                )
            owners[account] = one.name


def _require_places(named: Iterable[tuple[str, TwsConfig]], *, simulated: bool) -> None:
    """Each login has a TWS of its own, and two client ids there."""
    places: dict[tuple[str, int], str] = {}
    for name, tws in named:
        if tws.client_id == tws.liquidation_client_id:
            raise ConfigError(
                f"gateways.{name} has client id {tws.client_id} twice; client_id and"
                " liquidation_client_id must differ"
            )
        before = places.setdefault((tws.host, tws.port), name)
        if before != name and not simulated:
            raise ConfigError(
                f"gateways.{name} is at {tws.host}:{tws.port}, as {before} is; each login has a"
                " TWS of its own, so give it another host or port"
            )


def require_ports(
    given: Mapping[str, int], logins: Logins, *, by_tcp: bool, between_hosts: bool = False
) -> None:
    """Raise `ConfigError` where a port is configured for a socket that is not there, or a socket of
    a named login has none although it is reached by tcp."""
    named = {ports.of_login(socket, one.name) for one in logins for socket in ports.OF_LOGIN}
    known = {*ports.PORTS, *named}
    for name in given:
        if name not in known:
            raise ConfigError(
                f"bus.ports has {name}, which is not a socket; {expected(name, known)}"
            )
    missing = sorted(named - ports.PORTS.keys() - given.keys())
    if by_tcp and missing:
        why = "there are other [[hosts]]" if between_hosts else 'bus.transport is "tcp"'
        raise ConfigError(
            f"{why} and bus.ports lacks {', '.join(missing)}; each socket of a"
            " named gateway needs a port of its own there"
        )


def require_accounts(named: Iterable[tuple[str, str]], logins: Logins) -> None:
    """Raise `ConfigError` for a strategy whose account no gateway has; `named` are strategies with
    their accounts."""
    if len(logins) < 2:
        return
    for strategy, account in named:
        if not account:
            raise ConfigError(
                f"strategies.{strategy}.account is missing; with several gateways a strategy names"
                " the account that it trades in"
            )
        if logins.of(account) is None:
            raise ConfigError(
                f"strategies.{strategy}.account is not an account of any of the [[gateways]];"
                f" {expected(account, logins.accounts)}"
            )
