"""Checks of everything that trading needs, and what to do about each one that fails."""

from tapewire.common.amounts import counted
from tapewire.common.config import settings as configuration
from tapewire.common.config.locate import config_path, how_to_get_one
from tapewire.common.config.order_types import load_order_types
from tapewire.common.config.settings import Config, ConfigError
from tapewire.console.doctor import broker, hosts, local, mirror, sockets, strategies
from tapewire.console.doctor.finding import Finding, failed, passed, skipped
from tapewire.console.group import launch
from tapewire.risk.rules import load_rules

__all__ = ["Finding", "examine"]

AFTER_CONFIGURATION = (
    "strategies",
    "risk rules",
    "run directory",
    "disk",
    "sockets",
    *broker.CHECKS,
)


def examine(path: str | None, timeout_s: float = broker.TIMEOUT_S) -> list[Finding]:
    """All checks in turn, each bounded by `timeout_s`; none stops the others."""
    try:
        config = launch.at_started_host(configuration.load(path))
    except ConfigError as error:
        advice = "correct that key in the file or the environment, then try again"
        others = [skipped(name, "the configuration is refused") for name in AFTER_CONFIGURATION]
        return [failed("configuration", str(error), advice), *others]
    return [
        configured(config, path),
        *strategies.check(config, config_path(path)),
        rules(config),
        *order_types(config),
        local.run_dir(config),
        local.disk(config.run_dir),
        *sockets.check(config),
        *hosts.check(config, timeout_s),
        *([] if config.placement().is_far else mirror.check(config)),
        *_broker(config, timeout_s),
    ]


def _broker(config: Config, timeout_s: float) -> list[Finding]:
    """The broker's side, which home alone has."""
    if config.placement().is_far:
        return [skipped(name, "home has the broker") for name in broker.CHECKS]
    return list(broker.check(config, timeout_s))


def rules(config: Config) -> Finding:
    """Whether every risk rule can be loaded, as executor and risk will."""
    try:
        loaded = load_rules(config.risk.rules)
    except ConfigError as error:
        return failed("risk rules", str(error), "correct that [[risk.rules]] entry")
    names = ", ".join(rule.name for rule in loaded.rules)
    if not names:
        return failed("risk rules", "none", "add a [[risk.rules]] entry: nothing limits a position")
    return passed("risk rules", names)


def order_types(config: Config) -> list[Finding]:
    """Whether every order type of one's own can be loaded, as each process will."""
    names = config.orders.types
    if not names:
        return []
    try:
        load_order_types(names)
    except ConfigError as error:
        return [failed("order types", str(error), "correct orders.types")]
    return [passed("order types", ", ".join(names))]


def configured(config: Config, path: str | None) -> Finding:
    """The configuration is valid; some valid ones cannot work all the same."""
    file = config_path(path)
    found = (
        f"{file or 'no file, defaults'}: mode {config.mode},"
        f" {counted(len(config.instruments), 'instrument')},"
        f" {counted(len(config.strategies), 'strategy')}"
    )
    if not config.instruments:
        entry = "add an [[instruments]] entry for each symbol"
        return failed("configuration", found, entry if file else how_to_get_one())
    if config.tws.client_id == config.tws.liquidation_client_id:
        return failed(
            "configuration",
            f"tws.client_id and tws.liquidation_client_id are both {config.tws.client_id}",
            "give them different numbers: TWS takes each client id once",
        )
    return passed("configuration", found)
