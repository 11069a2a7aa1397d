"""The tables of `tapewire.toml`, each with its keys, bounds and defaults."""

import re
from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from tapewire.common import roles
from tapewire.common.bus.derived import FILTER_PATTERN, SIZE_PATTERN
from tapewire.common.bus.ports import OF_LOGIN, PORTS
from tapewire.common.config import faults, near, profile
from tapewire.common.daily_time import DailyTime
from tapewire.common.errors import ConfigError
from tapewire.common.events import Measure

Port = Annotated[int, Field(ge=1, le=65535)]
Positive = Annotated[int, Field(gt=0)]
LOCK_OUT_MAX_S: Final = 366 * 24 * 3600
AccountName = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,32}$")]
IDENTIFIER_PATTERN: Final = roles.NAME
Identifier = Annotated[str, Field(pattern=f"^{IDENTIFIER_PATTERN}$")]


def _is_time(text: str) -> str:
    if text:
        DailyTime.of(text)
    return text


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise ValueError("a list that has each only once")
    return names


EachOnce: Final = AfterValidator(_each_once)
TimeOfDay = Annotated[str, AfterValidator(_is_time)]
"""A time of day with its zone; empty for none."""
RESERVES: Final = 2
"""How many processes keep a reserve of disk space: risk and the liquidation gateway."""


class Section(BaseModel):
    """A table of the file; keys it does not know are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="constants")


class BusConfig(Section):
    """How processes reach each other: files in `run_dir` (ipc) or ports of this machine (tcp)."""

    transport: Literal["ipc", "tcp"] = "ipc"
    host: str = "127.0.0.1"
    ports: dict[str, Port] = Field(default_factory=dict)
    messages_max: Positive = 200_000
    batch_max: Positive = 256

    @field_validator("ports")
    @classmethod
    def _of_known_sockets(cls, ports: dict[str, int]) -> dict[str, int]:
        """Those of named gateways, `SOCKET.NAME`, are looked at with `[[gateways]]`."""
        for name in ports:
            if name not in PORTS and name.partition(".")[0] not in OF_LOGIN:
                raise faults.unknown_key(name, PORTS)
        return ports

    @field_validator("host")
    @classmethod
    def _loopback(cls, host: str) -> str:
        if host not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError(
                "a loopback address; other machines of the group are in [[hosts]], and need keys"
            )
        return host


class StorageConfig(Section):
    """FULL fsyncs each commit; NORMAL survives a process's death, not the machine's.

    With less than `free_halt_mb` of free disk space nothing that adds risk is accepted, until there
    are `free_resume_mb`. Risk and the liquidation gateway each keep `reserve_mb` for themselves, to
    halt and to flatten on a disk that is full. A MB is 1,000,000 bytes.
    """

    synchronous: Literal["FULL", "NORMAL"] = "FULL"
    free_halt_mb: Positive = 100
    free_resume_mb: Positive = 150
    reserve_mb: Positive = 8

    @model_validator(mode="after")
    def _apart(self) -> Self:
        least = self.free_halt_mb + RESERVES * self.reserve_mb
        if self.free_resume_mb < least:
            raise ConfigError(
                f"storage.free_resume_mb is {self.free_resume_mb}; it must be at least {least}: the"
                f" {self.free_halt_mb} of free_halt_mb, and reserve_mb for each of {RESERVES}"
            )
        return self


class GatewayConfig(Section):
    """What the gateway takes at most, whoever sends it: contracts or shares in one order, and
    orders in any second for each account. After `rejections_max` orders that the broker rejected
    within `rejections_window_ms`, none goes to it for `rejections_pause_ms`, and then one on trial.
    0 sets no limit. An order that only reduces a position is not limited.

    Every `reconcile_minutes` all is compared with the broker, as it is at each connection. 0
    compares at a connection only.

    `interest_rate` is per year, continuously compounded: for greeks that are computed here.

    The market data of a symbol that nobody reads any more end after `linger_s`. Those that are
    silent for `silent_after_s` while its market is open are asked for again; 0 watches none. Where
    the broker gives no hours, its market counts as open with `assume_open` only.

    `bars` are the widths, such as "5s" or "1m", of which strategies may ask it for bars. A book of
    depth has `depth_rows` on each side, and is published at most `depth_max_per_s` times.
    """

    order_quantity_max: Annotated[Decimal, Field(ge=0)] = Decimal(10_000_000)
    orders_max_per_s: Annotated[int, Field(ge=0)] = 200
    rejections_max: Annotated[int, Field(ge=0)] = 20
    rejections_window_ms: Positive = 10_000
    rejections_pause_ms: Positive = 5_000
    reconcile_minutes: Annotated[float, Field(ge=0)] = 10
    interest_rate: Annotated[float, Field(ge=-0.1, le=1)] = 0.0
    linger_s: Annotated[float, Field(ge=0, le=3600)] = 10
    silent_after_s: Annotated[float, Field(ge=0)] = 30
    assume_open: bool = False
    bars: tuple[Annotated[str, Field(pattern=f"^{SIZE_PATTERN}$")], ...] = ()
    depth_rows: Annotated[int, Field(ge=1, le=20)] = 10
    depth_max_per_s: Annotated[int, Field(ge=1, le=250)] = 10


class ExecutorConfig(Section):
    """How long the executor waits for the gateway's answer before it asks again, and what
    `tapewire down` does about working orders: keep them, cancel every order of the account, or
    cancel them and close every position. With `what_if` the broker is asked what an order would do
    to the account before it is sent."""

    retry_ms: Positive = 500
    what_if: bool = False
    on_stop: Literal["keep", "cancel", "flatten"] = "keep"


class OrdersConfig(Section):
    """Order types of one's own: `types` are names of `OrderKind` objects, as `module:NAME`."""

    types: tuple[Annotated[str, Field(pattern=r"^[\w.]+:\w+$")], ...] = ()


class ScopeConfig(Section):
    """What a rule is about: an account, a strategy, a symbol, or several of these together."""

    account: AccountName | Literal[""] = ""
    strategy: str = ""
    symbol: str = ""


class RuleConfig(Section):
    """One rule: its name, or `module:Class` for a rule of your own, with its parameters.

    `scope` says what it is about (everything, where it is left out), `enforcement` what follows
    when it is broken, one measure or several; where it is left out, what the rule has by itself,
    for most of them a halt. A lock-out lasts `until` a person resumes, the account's trading day is
    over, or so many seconds have passed.
    """

    rule: str
    parameters: dict[str, Any] = Field(default_factory=dict)
    scope: ScopeConfig = ScopeConfig()
    enforcement: tuple[Measure, ...] | None = None
    until: Literal["person", "day"] | Positive = "person"

    @field_validator("enforcement", mode="before")
    @classmethod
    def _one_or_several(cls, given: Any) -> Any:
        return (given,) if isinstance(given, str) else given

    @field_validator("until", mode="before")
    @classmethod
    def _an_end(cls, given: Any) -> Any:
        is_whole = isinstance(given, int) and not isinstance(given, bool)
        if given in ("person", "day") or (is_whole and 1 <= given <= LOCK_OUT_MAX_S):
            return given
        raise ValueError(f'"person", "day" or seconds, from 1 to {LOCK_OUT_MAX_S} (a year)')


DEFAULT_RULES: Final = (RuleConfig(rule="MaxContractsPerInstrument", parameters={"limit": 100}),)


class RiskConfig(Section):
    """Limits. Without `rules`, no position of a symbol may reach more than 100, with all that works
    or is UNKNOWN counted in. An order that adds risk is denied when risk was silent for `lease_ms`.
    Every process that journals sends a heartbeat each `heartbeat_ms`. The head of risk's journal is
    also added to the file `audit_path`, at best on another disk or where files can only grow;
    without it, to one in `run_dir`.

    Risk publishes positions, accounts and headroom at most every `publish_ms`; 0 publishes none.
    With `delayed_prices`, rules take delayed prices for the market's; without, there is no price.
    A `profile` brings rules of its own: one that ships, or a TOML file. `rules` has them then too,
    but for those of which the configuration has one of the same name.
    """

    profile: str = ""
    rules: Annotated[tuple[RuleConfig, ...], Field(validate_default=True)] = DEFAULT_RULES
    audit_path: Path | None = None
    lease_ms: Annotated[int, Field(ge=500)] = 3000
    heartbeat_ms: Annotated[int, Field(ge=50)] = 250
    publish_ms: Annotated[int, Field(ge=0)] = 250
    delayed_prices: bool = False

    @field_validator("rules", mode="before")
    @classmethod
    def _with_the_profile(cls, given: Any, info: ValidationInfo) -> Any:
        found = info.data.get("profile")
        if not found or not isinstance(given, list | tuple):
            return given
        return profile.beside(() if given == DEFAULT_RULES else given, found)

    @field_validator("audit_path")
    @classmethod
    def _from_anywhere(cls, path: Path | None) -> Path | None:
        """Who looks at a group may stand in another folder than who started it."""
        return path.absolute() if path is not None else None


class SimulatorConfig(Section):
    """The TWS that ships with the project; without `ticks` its market is synthetic.

    `accounts` are the accounts of its login. `start` is the time in the file to begin at (ISO,
    UTC), `speed` is market seconds per second (0: as fast as possible), `seconds` how long the
    market runs (0: without end). With `autostart` false, `tapewire up` does not start it.
    `scenario` is a TOML file of what is to go wrong, and when. `opens` and `closes` are the times
    of day at which its market opens and closes, such as "16:00 America/New_York".
    """

    enabled: bool = False
    autostart: bool = True
    accounts: Annotated[tuple[AccountName, ...], Field(min_length=1), EachOnce] = ("DU1234567",)
    ticks: Path | None = None
    start: str | None = None
    speed: Annotated[float, Field(ge=0)] = 1.0
    seconds: Annotated[float, Field(ge=0)] = 0
    rate_per_s: Positive = 200
    seed: int = 1
    scenario: Path | None = None
    opens: TimeOfDay = ""
    closes: TimeOfDay = ""

    @property
    def plays_file(self) -> bool:
        """Whether the group's market is a file: its ticks then have a time of their own."""
        return self.enabled and self.ticks is not None


class MetricsConfig(Section):
    """Whether each process serves Prometheus on a free loopback port."""

    enabled: bool = True


class FeedConfig(Section):
    """A PUB endpoint outside the group, on this machine; `topics` are prefixes, none: all."""

    name: Identifier
    endpoint: str
    topics: tuple[str, ...] = ()

    @field_validator("endpoint")
    @classmethod
    def _local(cls, endpoint: str) -> str:
        if not re.fullmatch(r"ipc://.+|tcp://(127\.0\.0\.1|localhost|\[::1\]):\d{1,5}", endpoint):
            raise ValueError('"ipc://PATH" or "tcp://127.0.0.1:PORT": no others are guarded yet')
        return endpoint


class WarmUpConfig(Section):
    """History that a strategy is given before the first live tick: a CSV of ticks, from a time."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True)

    ticks: Path
    start: datetime | None = Field(default=None, alias="from")


class StrategyConfig(Section):
    """One strategy process: its class by dotted name, its symbols (none: all), its parameters.

    With `delivery` "all" it sees every tick, however late; with "latest", once it has fallen
    behind, only the newest quote and trade of each symbol. `path` is a folder outside the tree
    that its module is in. After `failures_max` callbacks that raised within `failures_window_ms`
    it gets nothing for `failures_pause_ms`, and then is tried again.
    `account` is the account that it trades in; it may be left out where the login has one.
    A signal whose confidence is below `confidence_min` is denied; `confidence_scales` multiplies
    its quantity by its confidence.
    With a `filter` the gateway sends it fewer ticks: "10/s" at most so many per second, ">0.05"
    those that change the price by more. `bars` are the widths of those that it is sent, each of
    which `gateway.bars` must have; with `broker_bars` it is sent TWS's bars of 5 s as well. `depth`
    are those of its symbols whose books it is sent. It runs on `host`, one of `[[hosts]]`; without,
    at home.
    """

    name: Identifier
    strategy: str = Field(pattern=r"^[\w.]+:\w+$")
    account: AccountName | Literal[""] = ""
    symbols: tuple[str, ...] = ()
    parameters: dict[str, Any] = Field(default_factory=dict)
    signal_ttl_ms: Positive = 5000
    delivery: Literal["all", "latest"] = "all"
    path: Path | None = None
    failures_max: Positive = 10
    failures_window_ms: Positive = 60_000
    failures_pause_ms: Positive = 60_000
    confidence_min: Annotated[float, Field(ge=0, le=1)] = 0
    confidence_scales: bool = False
    warm_up: WarmUpConfig | None = None
    feeds: tuple[FeedConfig, ...] = ()
    filter: Annotated[str, Field(pattern=f"^({FILTER_PATTERN})?$")] = ""
    bars: tuple[Annotated[str, Field(pattern=f"^{SIZE_PATTERN}$")], ...] = ()
    broker_bars: bool = False
    depth: tuple[str, ...] = ()
    host: str = ""

    @field_validator("name")
    @classmethod
    def _not_reserved(cls, name: str) -> str:
        if name in roles.RESERVED:
            raise ValueError("another name: it stands for orders that no strategy gives")
        return name

    @field_validator("feeds")
    @classmethod
    def _distinct_feeds(cls, feeds: tuple[FeedConfig, ...]) -> tuple[FeedConfig, ...]:
        faults.refuse_twice("name", [feed.name for feed in feeds])
        return feeds

    def require_symbols(
        self, known: Collection[str], where: str = "is not in [[instruments]]"
    ) -> None:
        """Raise `ConfigError` for the first of its symbols that is not `known`."""
        for symbol in self.symbols:
            if symbol not in known:
                raise ConfigError(
                    f"strategies.{self.name}.symbols has {symbol}, which {where};"
                    f" {near.expected(symbol, known)}"
                )

    def require_depth(self, known: Collection[str]) -> None:
        """Raise `ConfigError` for the first of its books that it does not read; without
        symbols of its own it reads all that are `known`."""
        read = self.symbols or known
        for symbol in self.depth:
            if symbol not in read:
                raise ConfigError(
                    f"strategies.{self.name}.depth has {symbol}, which it does not read;"
                    f" {near.expected(symbol, read)}"
                )

    def require_bars(self, made: Collection[str]) -> None:
        """Raise `ConfigError` for the first of its bars that the gateway does not make."""
        for size in self.bars:
            if size not in made:
                known = f"{near.expected(size, made)}; or " if made else ""
                raise ConfigError(
                    f"strategies.{self.name}.bars has {size}, which the gateway does not make;"
                    f" {known}add it to gateway.bars"
                )
