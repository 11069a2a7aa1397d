"""The group of a back-test: the given configuration on a file's instruments, and its world."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import get_args

from tapewire.backtest.market import Played
from tapewire.common.config.backtest import BacktestConfig
from tapewire.common.config.settings import Config, InstrumentConfig, StrategyConfig
from tapewire.common.costs.slippage import slippage_of
from tapewire.common.costs.tariffs import tariffs_of
from tapewire.common.instruments import Instrument, TickSource
from tapewire.common.ticks.file import TickFile
from tapewire.common.ticks.rows import Row
from tapewire.simulator.exchange.fill_models import FillModels
from tapewire.simulator.settings import SimulatorSettings
from tapewire.strategy.log import Said
from tapewire.virtual.direct.exchange import DirectExchange
from tapewire.virtual.lane.flow import Flow
from tapewire.virtual.lane.lane import Lane, Source
from tapewire.virtual.world import SECOND_NS, World

IDLE_NS = SECOND_NS
HEARTBEAT_MS = 1_000  # a process has a turn each virtual second, and sends heartbeats in turns
LEASE_MIN_MS = 4_000
LEAD_S = 30  # for every process to be READY before the first tick
REQUESTS_PER_S = 20  # to TWS while the group joins, unless `tws.rate_max_per_s` allows fewer
REQUESTS_PER_SYMBOL = 2
DISTANT_S = 10**8
JOIN_MAX_S = 600
NS_PER_MS = 1_000_000

OnFailure = Callable[[Said], None]
"""Takes what strategies raise, and the lines of their logs."""


def derived(
    config: Config, instruments: Sequence[Instrument], strategies: Sequence[StrategyConfig]
) -> Config:
    """`config` for a back-test: these instruments and strategies, and heartbeats of virtual time.

    All else stays as it is configured, so the processes are built as they would be live.
    """
    lease_ms = max(LEASE_MIN_MS, config.risk.lease_ms)
    return config.model_copy(
        update={
            "instruments": tuple(InstrumentConfig.of(one) for one in instruments),
            "strategies": tuple(strategies),
            "tws": config.tws.model_copy(  # nobody else is there, and it grants everything
                update={"open_orders_ms": 0, "tick_by_tick_every_s": 0}
            ),
            "gateways": (),  # one broker has every account
            # The market is the back-test's own, whatever file a group would play.
            "simulator": config.simulator.model_copy(update={"ticks": None, "start": None}),
            "gateway": config.gateway.model_copy(
                update={"reconcile_minutes": 0, "silent_after_s": 0}
            ),
            "risk": config.risk.model_copy(
                update={
                    "heartbeat_ms": HEARTBEAT_MS,
                    "lease_ms": lease_ms,
                    "publish_ms": 0,  # nobody listens
                }
            ),
        }
    )


def build(
    config: Config,
    rows: Iterator[Row],
    first_ns: int,
    step_ns: int,
    on_failure: OnFailure,
    settings: SimulatorSettings,
    file: TickFile | None = None,
) -> World:
    """A world of the derived `config` whose clock shows `first_ns` when TWS sends the first row.
    `settings` are those of its TWS. With a `file`, that is its market's history.

    TWS's market begins with its first row, when the first client asks for data. So a row of no
    symbol goes ahead of the file's, and every process has until the file's first row to be READY.
    """
    start_ns, lead_ns = _begins(config, first_ns)
    rows = chain([_empty_row(first_ns - lead_ns)], rows)
    if file is not None:
        rows = Played(rows, file)
    return _world(config, rows, start_ns, step_ns, on_failure, settings)


def build_lane(
    config: Config,
    flow: Flow,
    first_ns: int,
    on_failure: OnFailure,
    settings: SimulatorSettings,
    file: TickFile | None = None,
) -> tuple[World, Lane]:
    """As `build`, of a direct world and the lane that runs it on the rows of `flow`."""
    start_ns, lead_ns = _begins(config, first_ns)
    source = Source(flow, _empty_row(first_ns - lead_ns))
    rows = source if file is None else Played(source, file)
    world = _world(config, rows, start_ns, 0, on_failure, settings, direct=True)
    assert isinstance(world.server, DirectExchange)
    return world, Lane(world, flow, source, world.server)


def _world(
    config: Config,
    rows: Iterator[Row],
    start_ns: int,
    step_ns: int,
    on_failure: OnFailure,
    settings: SimulatorSettings,
    *,
    direct: bool = False,
) -> World:
    return World(
        config,
        rows,
        direct=direct,
        start_ns=start_ns,
        idle_ns=IDLE_NS,
        step_ns=step_ns,
        settings=settings,
        say=on_failure,
    )


def simulator_settings(config: Config) -> SimulatorSettings:
    """A TWS with market data for every symbol, where orders fill as `[backtest]` says. Its login
    has the accounts that the strategies name; if none names one, those of `[simulator]`."""
    named = tuple(dict.fromkeys(s.account for s in config.strategies if s.account))
    return SimulatorSettings(
        accounts=named or config.simulator.accounts,
        cash=config.backtest.capital,
        lines_max=len(config.instruments),
        tick_by_tick_max=len(get_args(TickSource)) * len(config.instruments),
        rows_max_per_tick=10**9,
        opens=config.simulator.opens,
        closes=config.simulator.closes,
        models=fill_models(config.backtest),
    )


def fill_models(config: BacktestConfig) -> FillModels:
    """How orders fill, as it is configured."""
    return FillModels(
        slippage=slippage_of(config.slippage),
        queue=config.queue,
        partial=config.partial_fills,
        tariffs=tariffs_of(config.commission),
        margin=config.margin,
        latency_ns=round(config.latency_ms * NS_PER_MS),
    )


def _begins(config: Config, first_ns: int) -> tuple[int, int]:
    """When a world starts, and how long before the first tick its market begins."""
    lead_ns = _lead_ns(config)
    start_ns = first_ns - lead_ns - _joined_after_ns(config)
    if start_ns < 0:
        raise ValueError("the file's first time is in 1970, expected UTC since the epoch")
    return start_ns, lead_ns


def _lead_ns(config: Config) -> int:
    """The time that the group has from its first request for market data to the first tick."""
    per_s = min(REQUESTS_PER_S, config.tws.rate_max_per_s or REQUESTS_PER_S)
    requests_s = REQUESTS_PER_SYMBOL * len(config.instruments) // per_s
    return (LEAD_S + requests_s) * SECOND_NS + config.tws.settle_ms * 1_000_000


def _joined_after_ns(config: Config) -> int:
    """How long after its start a world asks for market data.

    It is the same with any strategy, so it is measured with one that does nothing.
    """
    idle = StrategyConfig(name="idle", strategy="tapewire.strategy.base:Strategy")
    market = iter([_empty_row(0), _empty_row(DISTANT_S * SECOND_NS)])
    trial = config.model_copy(update={"strategies": (idle,)})
    settings = simulator_settings(trial)
    world = _world(trial, market, 0, 0, lambda _failure: None, settings)
    for _ in range(JOIN_MAX_S):
        began_ns = world.server.market_began_ns
        if began_ns is not None:
            return began_ns
        world.run(SECOND_NS)
    raise ValueError(f"no process asked for market data within {JOIN_MAX_S} s of its start")


def _empty_row(ts_ns: int) -> Row:
    return Row(ts_ns, "", None, None, None, None, None, None)
