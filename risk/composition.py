"""How risk is put together from the configuration, live or virtual."""

from tapewire.common import roles
from tapewire.common.bus.ports import of_login
from tapewire.common.config.settings import Config
from tapewire.common.runtime.brakes import brakes_of
from tapewire.common.runtime.host import Host
from tapewire.risk.monitor import RiskMonitor
from tapewire.risk.rules import load_rules
from tapewire.risk.rules.in_force import text_of
from tapewire.risk.service import GREEKS, MARKS, RiskService


def monitor_of(config: Config) -> RiskMonitor:
    """The core by its configuration; it knows of no past yet."""
    risk = config.risk
    monitor = RiskMonitor(
        load_rules(risk.rules), config.all_instruments(), risk.lease_ms * 1_000_000,
        config.days(), config.logins(),
    )  # fmt: skip
    monitor.view.takes_delayed = risk.delayed_prices
    return monitor


def build(host: Host) -> RiskService:
    """Open the channels, build the core, read the journal."""
    config, logins = host.config.risk, host.config.logins()
    monitor = monitor_of(host.config)
    host.serve_stream()
    host.follow(*logins.gateways, roles.EXECUTOR)
    for login in logins:
        market = of_login("market", login.name)
        host.connect(of_login(MARKS, login.name), "sub", market, [b"last.", b"mark.", GREEKS])
    return RiskService(
        monitor, host.transport, host.clock, host.journal(),
        epoch=host.epoch, heartbeat_ms=config.heartbeat_ms, publish_ms=config.publish_ms,
        brakes=brakes_of(host),
        checkpoints=host.checkpoints(),
        configured=text_of(config.rules), confirmed=host.are_rules_confirmed(),
        ended_start=host.ended_start,
    )  # fmt: skip
