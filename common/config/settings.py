"""Configuration: `tapewire.toml`, every key also as an environment variable, bad values refused.

`TAPEWIRE_TWS__PORT=4002` sets `tws.port`. The file is `--config`, else `TAPEWIRE_CONFIG`, else
`tapewire.toml` in the working directory, else the defaults.
"""

import os
import re
from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from tapewire.common.bus.ports import PORTS
from tapewire.common.config import faults, near, syntax
from tapewire.common.config.locate import config_path
from tapewire.common.config.text import text_fault
from tapewire.common.errors import ConfigError as ConfigError  # noqa: PLC0414  # exported from here too
from tapewire.common.instruments import SYMBOL_PATTERN, Instrument

Port = Annotated[int, Field(ge=1, le=65535)]
Positive = Annotated[int, Field(gt=0)]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]


PREFIX: Final = "TAPEWIRE_"
LISTS: Final = ("instruments", "strategies", "strategies.feeds")  # tables that stand repeatedly


class Section(BaseModel):
    """A table of the file; keys it does not know are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TwsConfig(Section):
    """Where a real TWS is, and how it or the simulator may be spoken to.

    `host` and `port` mean nothing with the simulator, which takes a free port of its own.

    IB's own limit is 50 messages a second as they arrive; a little below it there is room for
    jitter. `rate_max_per_s` 0 paces nothing.
    """

    host: str = "127.0.0.1"
    port: Port = 7497
    client_id: Annotated[int, Field(ge=0)] = 1
    way_out_client_id: Annotated[int, Field(ge=0)] = 2
    rate_max_per_s: Annotated[int, Field(ge=0)] = 45
    reconnect_ms: Positive = 500
    settle_ms: Annotated[int, Field(ge=0)] = 2000


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
        for name in ports:
            if name not in PORTS:
                raise faults.unknown_key(name, PORTS)
        return ports

    @field_validator("host")
    @classmethod
    def _loopback(cls, host: str) -> str:
        if host not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError("a loopback address: this version has no CURVE keys to guard others")
        return host


class StorageConfig(Section):
    """FULL fsyncs each commit; NORMAL survives a process's death, not the machine's."""

    synchronous: Literal["FULL", "NORMAL"] = "FULL"


class ExecutorConfig(Section):
    """How long the executor waits for the gateway's answer before it asks again, and what
    `tapewire down` does about working orders: keep them, cancel every order of the account, or
    cancel them and close every position."""

    retry_ms: Positive = 500
    on_stop: Literal["keep", "cancel", "flatten"] = "keep"


class RiskConfig(Section):
    """Limits. `max_contracts` is the largest position a symbol may reach, either way, with all
    that is working or unknown counted in. An order is refused when risk was silent for
    `lease_ms`."""

    max_contracts: Annotated[Decimal, Field(gt=0)] = Decimal(100)
    lease_ms: Annotated[int, Field(ge=500)] = 3000
    heartbeat_ms: Annotated[int, Field(ge=50)] = 250


class SimulatorConfig(Section):
    """The TWS that ships with the project; without `ticks` it makes a market of its own.

    `start` is the time in the file to begin at (ISO, UTC), `speed` market seconds a second (0: as
    fast as they go), `seconds` how long the market is fed (0: without end). `autostart` false
    leaves its start to somebody else.
    """

    enabled: bool = False
    autostart: bool = True
    ticks: Path | None = None
    start: str | None = None
    speed: Annotated[float, Field(ge=0)] = 1.0
    seconds: Annotated[float, Field(ge=0)] = 0
    rate_per_s: Positive = 200
    seed: int = 1


class MetricsConfig(Section):
    """Whether each process serves Prometheus on a free loopback port."""

    enabled: bool = True


class FeedConfig(Section):
    """A PUB endpoint of somebody else, on this machine; `topics` are prefixes, none: all."""

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
    that its module is in. After `failures_max` callbacks that raised it gets nothing more.
    """

    name: Identifier
    strategy: str = Field(pattern=r"^[\w.]+:\w+$")
    symbols: tuple[str, ...] = ()
    parameters: dict[str, Any] = Field(default_factory=dict)
    signal_ttl_ms: Positive = 5000
    delivery: Literal["all", "latest"] = "all"
    path: Path | None = None
    failures_max: Positive = 10
    warm_up: WarmUpConfig | None = None
    feeds: tuple[FeedConfig, ...] = ()

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


class InstrumentConfig(Section):
    """One tradable symbol; see `tapewire.common.instruments.Instrument` for the units."""

    symbol: Annotated[str, Field(pattern=f"^{SYMBOL_PATTERN}$")]
    sec_type: Literal["STK", "FUT", "CASH", "CRYPTO", "OPT", "IND"] = "STK"
    exchange: str = "SMART"
    currency: str = "USD"
    multiplier: Annotated[Decimal, Field(gt=0)] = Decimal(1)
    min_tick: Annotated[Decimal, Field(gt=0)] = Decimal("0.01")
    con_id: Annotated[int, Field(ge=0)] = 0
    feed: Literal["top", "tick_by_tick"] = "top"

    def instrument(self) -> Instrument:
        """The same as a core's value."""
        return msgspec.convert(self.model_dump(), Instrument)


class Config(BaseSettings):
    """Everything that can be set. Frozen: a process reads it once, at its start."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    run_dir: Path = Path("run")
    mode: Literal["paper", "live"] = "paper"
    live_account: Annotated[str | None, Field(validate_default=True)] = None
    tws: TwsConfig = TwsConfig()
    bus: BusConfig = BusConfig()
    storage: StorageConfig = StorageConfig()
    executor: ExecutorConfig = ExecutorConfig()
    risk: RiskConfig = RiskConfig()
    simulator: SimulatorConfig = SimulatorConfig()
    metrics: MetricsConfig = MetricsConfig()
    instruments: tuple[InstrumentConfig, ...] = ()
    strategies: tuple[StrategyConfig, ...] = ()

    @field_validator("live_account")
    @classmethod
    def _named_where_live(cls, account: str | None, info: ValidationInfo) -> str | None:
        """Trading for real takes two keys, so that no single slip does it."""
        if info.data.get("mode") == "live" and (not account or account.startswith("D")):
            raise ValueError(
                'the id of a live account where mode is "live"; paper ones begin with D'
            )
        return account

    @field_validator("instruments")
    @classmethod
    def _distinct_instruments(
        cls, instruments: tuple[InstrumentConfig, ...]
    ) -> tuple[InstrumentConfig, ...]:
        faults.refuse_twice("symbol", [one.symbol for one in instruments])
        return instruments

    @field_validator("strategies")
    @classmethod
    def _distinct_strategies(
        cls, strategies: tuple[StrategyConfig, ...]
    ) -> tuple[StrategyConfig, ...]:
        faults.refuse_twice("name", [one.name for one in strategies])
        return strategies

    @field_validator("strategies")
    @classmethod
    def _of_instruments(
        cls, strategies: tuple[StrategyConfig, ...], info: ValidationInfo
    ) -> tuple[StrategyConfig, ...]:
        """Without any [[instruments]] they may be those of a file: `symbols_of` looks again."""
        symbols = [one.symbol for one in info.data.get("instruments", ())]
        for strategy in strategies if symbols else ():
            strategy.require_symbols(symbols)
        return strategies

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment goes over the file."""
        file = init_settings.init_kwargs.pop("file", None)  # type: ignore[attr-defined]
        sources: tuple[PydanticBaseSettingsSource, ...] = (init_settings, env_settings)
        return (*sources, TomlConfigSettingsSource(settings_cls, file)) if file else sources

    def all_instruments(self) -> tuple[Instrument, ...]:
        """The configured instruments, as cores take them."""
        return tuple(i.instrument() for i in self.instruments)

    def strategy(self, name: str) -> StrategyConfig:
        """The strategy `name`, or that of which it is a further instance, under its own name."""
        known = {s.name: s for s in self.strategies}
        base, _ = self.instance(name)
        if base in known:
            return known[base].model_copy(update={"name": name})
        expected = near.expected(name, known)
        raise ConfigError(f"strategy {name} is not in [[strategies]]; {expected}")

    def instance(self, name: str) -> tuple[str, int]:
        """Whose instance `name` is, and the how manieth: `NAME` is the first, `NAME-2` and so on
        are further ones; an unknown name is its own."""
        known = {s.name for s in self.strategies}
        base, _, number = name.rpartition("-")
        is_further = name not in known and base in known and number.isdecimal()
        if is_further and number == str(int(number)) and int(number) > 1:
            return base, int(number)
        return name, 1

    def symbols_of(self, strategy: StrategyConfig) -> tuple[str, ...]:
        """What `strategy` reads: its own symbols, or all; raises `ConfigError` for one of its own
        that is not in [[instruments]]."""
        symbols = tuple(i.symbol for i in self.instruments)
        strategy.require_symbols(symbols)
        return strategy.symbols or symbols


def load(given: str | None = None) -> Config:
    """Read the configuration; raises `ConfigError`, one line a fault."""
    path = config_path(given)
    if path is not None and not path.is_file():
        raise ConfigError(f"{path}: no such file; expected a configuration (see tapewire.toml)")
    _refuse_unknown_variables()
    try:
        return Config(file=path) if path else Config()  # type: ignore[call-arg]
    except ValidationError as error:
        raise ConfigError("\n".join(_sentence(e, path) for e in error.errors())) from error
    except SettingsError as error:
        named = re.search(r'field "(\w+)"', str(error))
        variable = PREFIX + named[1].upper() if named else "a variable"
        raise ConfigError(
            f"environment ({variable}): no JSON, must be a table or list as JSON"
        ) from error
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; must be a file that you can read") from error
    except ValueError as error:  # TOML syntax, which only a file can have
        content = path.read_bytes() if path else b""
        if fault := text_fault(content):
            raise ConfigError(f"{path}: it is {fault}; expected TOML") from error
        text = content.decode()
        raise ConfigError(f"{path}: {syntax.sentence(error, text, LISTS)}") from error


def _refuse_unknown_variables() -> None:
    known = (*Config.model_fields, "config")
    for variable in sorted(name for name in os.environ if name.startswith(PREFIX)):
        section, deeper, _ = variable.removeprefix(PREFIX).partition("__")
        if deeper and section.lower() in LISTS:
            whole = f"a list is given whole, as JSON in {PREFIX}{section}"
            raise ConfigError(f"environment: {variable} names a part of a list; {whole}")
        if section.lower() not in known:
            meant = near.expected(section, [name.upper() for name in known])
            raise ConfigError(f"environment: {variable} names no known key: {section}; {meant}")


def _sentence(fault: Any, path: Path | None) -> str:
    variable = PREFIX + "__".join(str(part) for part in fault["loc"]).upper()
    where = f"environment ({variable})" if variable in os.environ else path or "environment"
    error = fault.get("ctx", {}).get("error")  # of a validator that knows the whole sentence
    said = str(error) if isinstance(error, ConfigError) else faults.sentence(fault, Config)
    return f"{where}: {said}"
