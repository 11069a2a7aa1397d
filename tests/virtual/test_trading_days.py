"""Every process that counts by days goes by the configured trading day."""

from datetime import datetime

import pytest

from tapewire.common import roles
from tapewire.common.accounting.book import Book
from tapewire.common.config.settings import Config, InstrumentConfig, TradingDayConfig
from tapewire.executor.service import ExecutorService
from tapewire.gateway.service import GatewayService
from tapewire.risk.service import RiskService
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.virtual.world import World
from tests.common.test_book import fill
from tests.simulation.run import START_NS

HOUR_NS = 3_600_000_000_000
DAY_NS = 24 * HOUR_NS
MIDNIGHT = START_NS // DAY_NS * DAY_NS


def books(config: Config) -> list[Book]:
    """The books of the processes that have one."""
    world = World(config, SyntheticMarket(config.all_instruments(), 1, 20), start_ns=START_NS)
    gateway, executor = world.service(roles.GATEWAY), world.service(roles.EXECUTOR)
    risk = world.service(roles.RISK)
    assert isinstance(gateway, GatewayService)
    assert isinstance(executor, ExecutorService)
    assert isinstance(risk, RiskService)
    accounts = (
        gateway.gateway.registry.accounts,
        executor.executor.ledger,
        risk.monitor.accounts,
    )
    return [one.book for one in accounts]


def at(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp()) * 10**9


def test_the_days_of_every_book_are_those_of_the_calendar():
    pytest.importorskip("exchange_calendars", reason="needs tapewire[risk]")
    config = Config(
        instruments=(InstrumentConfig(symbol="AAPL"),),
        trading_day=TradingDayConfig(calendar="CMES"),
    )
    moments = ("2026-11-27T17:30", "2026-11-27T23:30", "2026-11-29T23:30", "2026-11-30T15:00")
    for book in books(config):
        for number, moment in enumerate(moments):
            book.apply(fill(f"{number}.01", 1, 100, ts_ns=at(moment), symbol="AAPL"))
        assert {day.isoformat(): one.fills for (_, day), one in book.days.items()} == {
            "2026-11-27": 1, "2026-11-30": 3,
        }, "Friday evening counts for Monday"  # fmt: skip


def test_the_days_of_every_book_end_when_the_configuration_says():
    config = Config(
        instruments=(InstrumentConfig(symbol="AAPL"),),
        trading_day=TradingDayConfig(zone="UTC", ends="09:00"),
    )
    for book in books(config):
        for number, hour in enumerate((8, 10, 23)):
            done = fill(f"{number}.01", 1, 100, ts_ns=MIDNIGHT + hour * HOUR_NS, symbol="AAPL")
            book.apply(done)
        assert [one.fills for one in book.days.values()] == [1, 2]


def test_an_account_has_days_of_its_own_in_every_book():
    config = Config(
        instruments=(InstrumentConfig(symbol="AAPL"),),
        trading_day=TradingDayConfig.model_validate(
            {"accounts": [{"account": "DU2", "zone": "Asia/Tokyo", "ends": "00:00"}]}
        ),
    )
    moments = ("2026-11-25T14:59", "2026-11-25T15:01", "2026-11-25T23:01")
    for book in books(config):
        for account in ("DU1", "DU2"):
            for number, moment in enumerate(moments):
                name = f"{account}{number}.01"
                book.apply(fill(name, 1, 100, ts_ns=at(moment), symbol="AAPL", account=account))
        assert {(name, day.day): one.fills for (name, day), one in book.days.items()} == {
            ("DU1", 25): 2, ("DU1", 26): 1, ("DU2", 25): 1, ("DU2", 26): 2,
        }  # fmt: skip
