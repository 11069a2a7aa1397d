"""What a strategy writes in `buy`, `sell` and `modify`, and what becomes of it in the signal."""

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest
from msgspec.structs import asdict

from tapewire.common.events import OrderTerms, TermChanges
from tests.strategy.kit import T0, created, executor, moved, runner


def sent(*arguments: object, **given: object) -> OrderTerms:
    one = runner()
    one.strategy.buy("AAPL", *arguments, **given)
    return one.waiting["echo-e1-1"].signal.terms


def test_without_a_price_it_is_a_market_order():
    assert sent(5) == OrderTerms("BUY", Decimal(5))


def test_a_limit_price_makes_a_limit_order():
    assert sent(5, "1.5") == OrderTerms("BUY", Decimal(5), "LMT", limit=Decimal("1.5"))


def test_a_stop_price_makes_a_stop_order():
    one = runner()
    one.strategy.sell("AAPL", 3, stop=9.5, confidence=0.5)
    (signal,) = [w.signal for w in one.waiting.values()]
    assert signal.terms == OrderTerms("SELL", Decimal(3), "STP", stop=Decimal("9.5"))
    assert signal.confidence == 0.5


@pytest.mark.parametrize(
    ("given", "terms"),
    [
        ({"stop": 9, "limit": 8}, {"type": "STP LMT", "stop": Decimal(9), "limit": Decimal(8)}),
        ({"trail": 0.5}, {"type": "TRAIL", "trail": Decimal("0.5")}),
        (
            {"trail_percent": 2, "stop": 9},
            {"type": "TRAIL", "trail_percent": Decimal(2), "stop": Decimal(9)},
        ),
        (
            {"trail": 1, "stop": 9, "limit_offset": "0.1"},
            {
                "type": "TRAIL LIMIT", "trail": Decimal(1), "stop": Decimal(9),
                "limit_offset": Decimal("0.1"),
            },
        ),
        ({"type": "MOC"}, {"type": "MOC"}),
        ({"type": "LOC", "limit": 8}, {"type": "LOC", "limit": Decimal(8)}),
        ({"type": "MIT", "stop": 8}, {"type": "MIT", "stop": Decimal(8)}),
        ({"tif": "GTC"}, {"time_in_force": "GTC"}),
        ({"good_till": T0}, {"time_in_force": "GTD", "good_till_ns": T0}),
        (
            {"good_till": datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC), "tif": "GTD"},
            {"time_in_force": "GTD", "good_till_ns": T0},
        ),
        ({"outside_hours": True}, {"outside_hours": True}),
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_the_arguments_of_an_order_become_its_terms(given: dict, terms: dict, side: str):
    one = runner()
    (one.strategy.buy if side == "BUY" else one.strategy.sell)("AAPL", 5, **given)
    assert one.waiting["echo-e1-1"].signal.terms == OrderTerms(side, Decimal(5), **terms)


@pytest.mark.parametrize(
    "price", [Decimal("0.1"), "0.1", 0.1, np.float64(0.1), np.float32(0.1)], ids=repr
)
def test_a_price_may_be_any_number_and_a_float_is_its_shortest_text(price: object):
    assert str(sent(1, limit=price).limit) == "0.1"


def test_a_quantity_may_be_any_number():
    quantities = [sent(q).quantity for q in (2, "2", 2.0, np.int64(2), Decimal(2))]
    assert quantities == [2] * 5


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"quantity": "many"}, "quantity is 'many'; it must be a number"),
        ({"quantity": None}, "quantity is None; it must be a number"),
        ({"limit": "low"}, "limit is 'low'; it must be a number"),
        ({"stop": True}, "stop is True; it must be a number"),
        ({"limit": float("nan")}, "terms.limit is NaN; it must be a finite number"),
        ({"confidence": 1.5}, "confidence is 1.5; it must be from 0 to 1"),
        ({"limit": 1, "trail": 2}, "no order type takes the prices limit and trail together"),
        ({"type": "REL"}, "type is 'REL'; the types are MKT, LMT"),
        ({"type": "MOC", "limit": 5}, "a MOC order has limit price 5; it must have none"),
        ({"tif": "GTX"}, "tif is 'GTX'; it must be one of DAY, GTC, GTD"),
        ({"tif": "GTD"}, "tif is GTD and good_till is None; a GTD order alone has one"),
        ({"tif": "DAY", "good_till": 5}, "tif is DAY and good_till is 5; a GTD order alone"),
        ({"good_till": datetime(2026, 1, 1)}, "without a time zone"),
    ],
)
@pytest.mark.parametrize("live", [True, False])
def test_a_value_that_is_not_possible_raises_also_while_nothing_is_sent(given, says, live: bool):
    one = runner(live=live)
    with pytest.raises(ValueError, match=says):
        one.strategy.buy("AAPL", **{"quantity": 1, **given})
    assert one.signals == 0


def test_the_account_of_the_configuration_is_in_every_signal():
    one = runner(account="DU7")
    order_id = one.strategy.buy("AAPL", 1)
    one.strategy.cancel(order_id)
    one.strategy.modify(order_id, 2)
    assert [w.signal.account for w in one.waiting.values()] == ["DU7"] * 3


def test_without_an_account_in_the_configuration_the_executor_finds_it():
    one = runner()
    one.strategy.buy("AAPL", 1)
    assert one.waiting["echo-e1-1"].signal.account == ""


@pytest.mark.parametrize(
    ("given", "changes"),
    [
        ({"quantity": 12}, TermChanges(Decimal(12))),
        ({"limit": 1.5}, TermChanges(limit=Decimal("1.5"))),
        ({"stop": "9"}, TermChanges(stop=Decimal(9))),
        ({"quantity": 2, "limit": 3}, TermChanges(Decimal(2), Decimal(3))),
    ],
)
def test_a_modify_names_only_the_terms_that_are_to_be_new(given, changes: TermChanges):
    one = runner()
    order_id = one.strategy.buy("AAPL", 10, limit=5)
    modify_id = one.strategy.modify(order_id, **given)
    signal = one.waiting[modify_id].signal
    assert (signal.signal_id, signal.changes) == (order_id, changes)


@pytest.mark.parametrize("name", ["trail", "trail_percent", "limit_offset"])
def test_a_modify_changes_a_distance(name: str):
    one = runner()
    one.strategy.modify("echo-e1-1", **{name: 2.5})
    (signal,) = [w.signal for w in one.waiting.values()]
    assert signal.changes == TermChanges(**{name: Decimal("2.5")})


def test_a_live_order_shows_all_of_its_terms():
    one = runner()
    terms = OrderTerms(
        "SELL", Decimal(5), "TRAIL LIMIT", stop=Decimal(9), trail_percent=Decimal(2),
        limit_offset=Decimal("0.1"), time_in_force="GTD", good_till_ns=T0, outside_hours=True,
        group="g", oca="cancel",
    )  # fmt: skip
    executor(one, created(terms=terms), moved("ACCEPTED"))
    (order,) = one.strategy.orders
    shown = {
        "side": order.side, "quantity": order.quantity, "type": order.type, "limit": order.limit,
        "stop": order.stop, "trail": order.trail, "time_in_force": order.tif,
        "good_till_ns": order.good_till_ns, "outside_hours": order.outside_hours,
        "group": order.terms.group, "trail_percent": order.trail_percent,
        "limit_offset": order.limit_offset, "oca": order.terms.oca,
    }  # fmt: skip
    assert shown == asdict(terms)
