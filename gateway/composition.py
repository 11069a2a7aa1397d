"""How a gateway is put together from the configuration, live or virtual."""

from collections.abc import Callable, Mapping
from typing import Final

from tapewire.common import roles
from tapewire.common.bus.ports import QUERIES, of_login
from tapewire.common.config import tws_address
from tapewire.common.config.gateways import BrokerKind, LoginConfig
from tapewire.common.config.settings import Config
from tapewire.common.daily_time import DailyTime
from tapewire.common.runtime.brakes import brakes_of
from tapewire.common.runtime.disk import MB
from tapewire.common.runtime.host import Host
from tapewire.gateway.broker import Broker
from tapewire.gateway.deputy import Deputy
from tapewire.gateway.feeds.feeds import FeedSettings
from tapewire.gateway.gateway import Gateway
from tapewire.gateway.greeks import OptionGreeks
from tapewire.gateway.orders import login
from tapewire.gateway.orders.circuit import BrokerCircuit
from tapewire.gateway.orders.limits import NO_LIMITS, OwnLimits
from tapewire.gateway.orders.waits import Waits
from tapewire.gateway.projectx.wiring import projectx
from tapewire.gateway.query_door import PAGES_UNREAD_MAX
from tapewire.gateway.restart_window import RestartWindow
from tapewire.gateway.service import BROKER, DEPUTY, GatewayService
from tapewire.gateway.tws.adapter import TwsBroker
from tapewire.gateway.tws.line_limits import LineLimits
from tapewire.gateway.tws.raw_log import RawLog
from tapewire.gateway.tws.reconnect import Reconnect
from tapewire.gateway.tws.socket import TwsSocket, Wiring
from tapewire.gateway.tws.take_over import PATIENCE_MS, DeputySocket, TwsDeputy
from tapewire.risk.rules import load_rules

Adapt = Callable[[Host], tuple[Broker, Callable[[], None]]]
"""Makes the adapter that a gateway speaks through, with what closes its connection."""


def build(
    host: Host, adapt: Adapt | None = None, gateway_class: type[Gateway] = Gateway
) -> GatewayService:
    """Open the channels, build the core, read the journal.

    `adapt` is for another broker than TWS; `gateway_class` is for tests of tests.
    """
    name = roles.login_name(host.role)
    config, liquidation = host.config.at_login(name), _is_liquidation(host)
    host.serve_stream()
    follows = () if liquidation else host.follow(roles.RISK)
    if not liquidation:
        host.bind("market", "xpub", of_login("market", name))
        host.bind(QUERIES, "heard_router", of_login(QUERIES, name), PAGES_UNREAD_MAX)
    adapter, hang_up = (adapt or broker_of)(host)
    gateway = gateway_class(
        adapter,
        waits=waits_of(config, host.config.at_projectx(name)),
        reduce_only=liquidation,
        instruments=config.all_instruments(),
        day_of=config.days(),
        restarts=_restarts(config),
        own_limits=NO_LIMITS if liquidation else _limits(config),
    )
    return GatewayService(
        host.role, gateway, host.transport, host.clock, host.journal(background=True),
        epoch=host.epoch, follows=follows, hang_up=hang_up, heartbeat_ms=config.risk.heartbeat_ms,
        brakes=None if liquidation else brakes_of(host),  # what it takes only reduces
        deputy=_deputy(host) if liquidation and host.config.kind_at(name) == "tws" else None,
        checkpoints=host.checkpoints(),
        options=None if liquidation else OptionGreeks(
            config.all_instruments(), config.gateway.interest_rate
        ),
        feeds=FeedSettings(
            config.gateway.linger_s, config.gateway.silent_after_s, config.gateway.assume_open,
            config.risk.delayed_prices, config.gateway.bars, config.gateway.depth_rows,
            config.gateway.depth_max_per_s,
        ),
    )  # fmt: skip


def _restarts(config: Config) -> RestartWindow:
    """The daily restart of TWS, if there is one."""
    tws = config.tws
    at = DailyTime.of(tws.daily_restart) if tws.daily_restart else None
    return RestartWindow(at, tws.restart_hold_s, tws.restart_window_s)


def _is_liquidation(host: Host) -> bool:
    return roles.kind_of(host.role) == roles.LIQUIDATION


def waits_of(config: Config, projectx: LoginConfig | None) -> Waits:
    """At ProjectX a list of orders is a request for each account, of a limit that all share, and
    the user hub shows orders anyhow: the lists of several accounts are that much rarer."""
    tws, each = config.tws, len(projectx.accounts) if projectx else 0
    return Waits(
        lease_ms=config.risk.lease_ms,
        settle_ms=tws.settle_ms,
        answer_ms=tws.answer_ms,
        request_timeout_ms=tws.request_timeout_ms,
        open_orders_ms=tws.open_orders_ms * max(1, each),
        reconcile_minutes=config.gateway.reconcile_minutes,
    )


def _limits(config: Config) -> OwnLimits:
    """What the gateway lets nobody trade past; the liquidation gateway has no need of it."""
    own = config.gateway
    circuit = BrokerCircuit(own.rejections_max, own.rejections_window_ms, own.rejections_pause_ms)
    return OwnLimits(
        load_rules(config.risk.rules), own.order_quantity_max, own.orders_max_per_s, circuit
    )


def _deputy(host: Host) -> Deputy:
    """What cancels in the gateway's name while that is dead, over a socket of its own."""
    config = host.config.at_login(roles.login_name(host.role))
    deputy = TwsDeputy(config.tws.client_id, refuses=_refuses(host))
    reconnect = _reconnect(host, DEPUTY, PATIENCE_MS // 2)  # each take-over tries at least once
    deputy.hang_up = host.attach(
        DEPUTY, lambda: DeputySocket(deputy, *_wiring(host, DEPUTY, reconnect))
    )
    return deputy


def _wiring(host: Host, channel: str, reconnect: Reconnect) -> Wiring:
    """What a socket to TWS is given."""
    config = host.config
    raw_log = None
    if config.tws.raw_log_mb:
        path = config.run_dir / "logs" / f"{host.role}.{channel}.log"
        raw_log = RawLog(path, config.tws.raw_log_mb * MB, host.clock)
    return _address(host), reconnect, host.clock, config.tws.connect_timeout_ms, raw_log


def _reconnect(host: Host, channel: str, longest_ms: int) -> Reconnect:
    """When a connection is tried again; each start of each process draws other waits."""
    config = host.config
    return Reconnect(
        f"{host.role} {host.epoch} {channel}",
        min(config.tws.reconnect_ms, longest_ms),
        min(config.tws.reconnect_max_ms, longest_ms),
        own=config.simulator.enabled,
    )


def _refuses(host: Host) -> Callable[[tuple[str, ...]], str]:
    """Says of the accounts that TWS names why its login must not be traded on, "" if it may be."""
    name = roles.login_name(host.role)
    config, own = host.config.at_login(name), host.config.logins().named(name)
    expected = own.accounts if own is not None else ()

    def refuses(accounts: tuple[str, ...]) -> str:
        refusal = login.refusal(accounts, config.mode, config.live_account)
        return refusal or login.other_login(accounts, expected)

    return refuses


def _address(host: Host) -> Callable[[], tws_address.TwsAddress]:
    """Finds out where the login's TWS is, at each connect."""
    name = roles.login_name(host.role)
    config = host.config.at_login(name)
    return lambda: tws_address.find(config, config.run_dir, name)


def broker_of(host: Host) -> tuple[Broker, Callable[[], None]]:
    """The adapter for the login's broker."""
    return BROKERS[host.config.kind_at(roles.login_name(host.role))](host)


def tws(host: Host, *, check_login: bool = True) -> tuple[Broker, Callable[[], None]]:
    """The adapter for TWS, over a socket to where the configuration says it is.

    Without `check_login` any login is traded on: for a TWS that can only be a simulator.
    """
    config, liquidation = host.config.at_login(roles.login_name(host.role)), _is_liquidation(host)
    reconnect = _reconnect(host, BROKER, config.tws.reconnect_max_ms)
    adapter = TwsBroker(
        config.all_instruments(),
        client_id=config.tws.liquidation_client_id if liquidation else config.tws.client_id,
        rate_max_per_s=config.tws.rate_max_per_s,
        closes_all=liquidation,
        probe_after_ms=config.tws.probe_after_ms,
        hang_up_after_ms=config.tws.hang_up_after_ms,
        handshake_timeout_ms=config.tws.handshake_timeout_ms,
        reconnect=reconnect,
        limits=LineLimits(
            config.tws.lines_max,
            config.tws.tick_by_tick_max,
            config.tws.tick_by_tick_every_s,
            config.tws.depth_max,
        ),
        delayed=config.tws.delayed,
        depth_rows=config.gateway.depth_rows,
        refuses=_refuses(host) if check_login else lambda _accounts: "",
    )

    adapter.market.is_recording = config.simulator.plays_file

    def socket() -> TwsSocket:
        stream = TwsSocket(*_wiring(host, BROKER, reconnect))
        adapter.flushed = lambda: not stream.wants_write()
        return stream

    return adapter, host.attach(BROKER, socket)


def _at_projectx(host: Host) -> tuple[Broker, Callable[[], None]]:
    name = roles.login_name(host.role)
    one = next(one for one in host.config.gateways if one.name == name)
    return projectx(host, one, BROKER)


BROKERS: Final[Mapping[BrokerKind, Adapt]] = {"tws": tws, "projectx": _at_projectx}
"""What makes the adapter for a login, by `kind` in [[gateways]]."""
