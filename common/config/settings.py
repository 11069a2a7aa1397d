"""Configuration: `tapewire.toml`, every key also as an environment variable, bad values refused.

`TAPEWIRE_TWS__PORT=4002` sets `tws.port`. The file is `--config`, else `TAPEWIRE_CONFIG`, else
`tapewire.toml` in the working directory, else the defaults.
"""

from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from tapewire.common.accounting.trading_days import TradingDays
from tapewire.common.config import faults, gateways, hosts, near
from tapewire.common.config.backtest import BacktestConfig
from tapewire.common.config.cluster import ClusterConfig
from tapewire.common.config.gateways import BrokerKind, LoginConfig
from tapewire.common.config.hosts import HostConfig
from tapewire.common.config.instrument import InstrumentConfig
from tapewire.common.config.ledger import LedgerConfig, TradingDayConfig
from tapewire.common.config.locate import config_path
from tapewire.common.config.notices import NoticesConfig, TargetConfig
from tapewire.common.config.recorder import RecorderConfig
from tapewire.common.config.sections import (
    BusConfig,
    ExecutorConfig,
    FeedConfig,
    GatewayConfig,
    MetricsConfig,
    OrdersConfig,
    RiskConfig,
    RuleConfig,
    ScopeConfig,
    Section,
    SimulatorConfig,
    StorageConfig,
    StrategyConfig,
    WarmUpConfig,
)
from tapewire.common.config.tws import TwsConfig
from tapewire.common.config.web import WebConfig
from tapewire.common.errors import ConfigError
from tapewire.common.instruments import Instrument
from tapewire.common.logins import Logins
from tapewire.common.placement import Placement
from tapewire.common.runtime.logs import Level

__all__ = [
    "LISTS",
    "PREFIX",
    "BusConfig",
    "ClusterConfig",
    "Config",
    "ConfigError",
    "ExecutorConfig",
    "FeedConfig",
    "GatewayConfig",
    "HostConfig",
    "InstrumentConfig",
    "LedgerConfig",
    "LoginConfig",
    "MetricsConfig",
    "NoticesConfig",
    "RecorderConfig",
    "RiskConfig",
    "RuleConfig",
    "ScopeConfig",
    "SimulatorConfig",
    "StorageConfig",
    "StrategyConfig",
    "TargetConfig",
    "TradingDayConfig",
    "TwsConfig",
    "WarmUpConfig",
    "WebConfig",
    "config_path",
    "load",
]

PREFIX: Final = "TAPEWIRE_"
VERSION: Final = 1
"""Of the configuration: another one where a key has gone, or means something else."""
LISTS: Final = (
    "gateways",
    "hosts",
    "instruments",
    "strategies",
    "strategies.feeds",
    "risk.rules",
    "trading_day.accounts",
    "notices.targets",
)  # tables that stand repeatedly


class Config(Section):
    """Everything that can be set. Frozen: a process reads it once, at its start."""

    version: int = VERSION
    run_dir: Path = Path("run")
    mode: Literal["paper", "live"] = "paper"
    live_account: Annotated[str | None, Field(validate_default=True)] = None
    log_level: Level = "info"
    host: str = ""
    tws: TwsConfig = TwsConfig()
    bus: BusConfig = BusConfig()
    storage: StorageConfig = StorageConfig()
    gateway: GatewayConfig = GatewayConfig()
    executor: ExecutorConfig = ExecutorConfig()
    orders: OrdersConfig = OrdersConfig()
    risk: RiskConfig = RiskConfig()
    trading_day: TradingDayConfig = TradingDayConfig()
    ledger: LedgerConfig = LedgerConfig()
    simulator: SimulatorConfig = SimulatorConfig()
    metrics: MetricsConfig = MetricsConfig()
    notices: NoticesConfig = NoticesConfig()
    recorder: RecorderConfig = RecorderConfig()
    cluster: ClusterConfig = ClusterConfig()
    backtest: BacktestConfig = BacktestConfig()
    web: WebConfig = WebConfig()
    hosts: tuple[HostConfig, ...] = ()
    gateways: tuple[LoginConfig, ...] = ()
    instruments: tuple[InstrumentConfig, ...] = ()
    strategies: tuple[StrategyConfig, ...] = ()

    @field_validator("version")
    @classmethod
    def _of_this_version(cls, found: int) -> int:
        if found != VERSION:
            raise ConfigError(
                f"version is {found}; this Tapewire reads version {VERSION} of the configuration."
                " Use the Tapewire that the file was written for, or change the file as"
                " docs/upgrading.md says"
            )
        return found

    @field_validator("live_account")
    @classmethod
    def _named_where_live(cls, account: str | None, info: ValidationInfo) -> str | None:
        """Trading for real takes two keys, so that no single slip does it."""
        if info.data.get("mode") == "live" and (not account or account.startswith("D")):
            raise ValueError(
                'the id of a live account where mode is "live"; paper ones begin with D'
            )
        return account

    @field_validator("gateways", "hosts")
    @classmethod
    def _distinct_names(
        cls, entries: tuple[LoginConfig | HostConfig, ...]
    ) -> tuple[LoginConfig | HostConfig, ...]:
        faults.refuse_twice("name", [one.name for one in entries])
        return entries

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

    @model_validator(mode="after")
    def _rules_about_what_is_here(self) -> Self:
        """A rule about a symbol or a strategy that nobody has would never apply, and be missed only
        when it is needed. Accounts are the broker's and not known here."""
        symbols = {one.symbol for one in self.instruments}
        for number, rule in enumerate(self.risk.rules):
            place, scope = ("risk", "rules", number, "scope"), rule.scope
            if symbols and scope.symbol:  # without any they may be those of a file
                faults.refuse_unknown((*place, "symbol"), scope.symbol, symbols, "instruments")
            strategies = {one.name for one in self.strategies}
            if scope.strategy and self.instance(scope.strategy)[0] not in strategies:
                faults.refuse_unknown(
                    (*place, "strategy"), scope.strategy, strategies, "strategies"
                )
        return self

    @model_validator(mode="after")
    def _recorder_fits(self) -> Self:
        """It reads what is configured, and stops long before the disk is too full to trade."""
        recorder, known = self.recorder, {one.symbol for one in self.instruments}
        for number, symbol in enumerate(recorder.symbols if known else ()):
            faults.refuse_unknown(("recorder", "symbols", number), symbol, known, "instruments")
        if recorder.enabled and recorder.free_halt_mb < self.storage.free_resume_mb:
            raise ConfigError(
                f"recorder.free_halt_mb is {recorder.free_halt_mb}; it must be at least the"
                f" {self.storage.free_resume_mb} of storage.free_resume_mb, so that recording stops"
                " before trading does"
            )
        if self.cluster.ticks and not recorder.enabled:
            raise ConfigError(
                "cluster.ticks is true; it must be false while recorder.enabled is, as the recorder"
                " sends them"
            )
        return self

    @model_validator(mode="after")
    def _bars_are_made(self) -> Self:
        """A strategy that asked for others would wait for them without a word."""
        for strategy in self.strategies:
            strategy.require_bars(self.gateway.bars)
            strategy.require_depth([one.symbol for one in self.instruments])
        return self

    @model_validator(mode="after")
    def _logins_agree(self) -> Self:
        """What is configured of each login fits the others, and all that names an account."""
        symbols = [one.symbol for one in self.instruments]
        simulated, logins = self.simulator.enabled, self.logins()
        gateways.require(self.gateways, self.tws, symbols, simulated=simulated)
        hosts.require(self.hosts, self.host, ((one.name, one.host) for one in self.strategies))
        between = bool(self.placement().far)
        by_tcp = self.bus.transport == "tcp" or between
        gateways.require_ports(self.bus.ports, logins, by_tcp=by_tcp, between_hosts=between)
        gateways.require_accounts(((one.name, one.account) for one in self.strategies), logins)
        return self

    def all_instruments(self) -> tuple[Instrument, ...]:
        """The configured instruments, as cores take them."""
        return tuple(i.instrument(self.tws.ticks) for i in self.instruments)

    def logins(self) -> Logins:
        """The logins of the group: those of [[gateways]], or the only one."""
        return gateways.logins_of(self.gateways)

    def placement(self) -> Placement:
        """The hosts of the group, seen from this one."""
        return hosts.placement_of(self.hosts, self.host)

    def at_host(self, name: str) -> Self:
        """The same configuration on the host `name`; on the configured one where it is empty."""
        if not name:
            return self
        hosts.require(self.hosts, name, ())
        return self.model_copy(update={"host": name})

    def strategies_here(self) -> tuple[StrategyConfig, ...]:
        """The strategies that run on this host."""
        placement = self.placement()
        return tuple(one for one in self.strategies if placement.is_here(one.host))

    def kind_at(self, name: str) -> BrokerKind:
        """Whose login the one of this name is."""
        return next((one.kind for one in self.gateways if one.name == name), "tws")

    def at_projectx(self, name: str) -> LoginConfig | None:
        """The login of this name, if it is one at ProjectX."""
        found = next((one for one in self.gateways if one.name == name), None)
        return found if found is not None and found.kind == "projectx" else None

    def at_login(self, name: str) -> Self:
        """The same configuration with what is of the login `name` in place of what is of all:
        `tws`, `live_account` and the simulator's accounts."""
        if not (name or self.gateways):
            return self
        found = next((one for one in self.gateways if one.name == name), None)
        if found is None:
            known = near.expected(name, [one.name for one in self.gateways])
            raise ConfigError(f"gateway {name or 'without a name'} is not in [[gateways]]; {known}")
        accounts = found.accounts or self.simulator.accounts
        return self.model_copy(
            update={
                "tws": found.tws(self.tws),
                "live_account": found.live_account or self.live_account,
                "simulator": self.simulator.model_copy(update={"accounts": accounts}),
            }
        )

    def recorded(self) -> Path:
        """The folder of what is recorded. The simulator's market has one of its own, so that what
        is made up never gets among what was real."""
        return self.run_dir / ("recorded-simulated" if self.simulator.enabled else "recorded")

    def days(self) -> TradingDays:
        """The trading day of a moment in each account, by [trading_day]."""
        return self.trading_day.every()

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
    """Read the configuration; raises `ConfigError`, one line per fault."""
    from tapewire.common.config import sources  # it takes as long to load as all the rest

    return sources.load(given)
