"""Foreign orders: each counts once for whoever reads both gateways' journals, and ours never."""

from decimal import Decimal

from msgspec.structs import replace

from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.orders import Order
from tapewire.common.events import (
    Event,
    ForeignOrderReported,
    OrderAccepted,
    OrderIntended,
    OrderTerms,
    SubmitOrder,
)

ACCOUNT, KEY = "DU1", ("DU1", "AAPL")
BY_HAND = ForeignOrderReported(1, ACCOUNT, "AAPL", "BUY", Decimal(10), Decimal(10), "0", "", "9001")
OURS = SubmitOrder("a/1", 1, ACCOUNT, "s", "AAPL", OrderTerms("SELL", Decimal(4)), 9)
INTENDED = OrderIntended(1, "7", OURS, "1")
AS_FOREIGN = ForeignOrderReported(
    1, ACCOUNT, "AAPL", "SELL", Decimal(4), Decimal(4), "1", "7", "7007", "a/1"
)


def accounts(*events: tuple[str, Event]) -> Accounts[Order]:
    one: Accounts[Order] = Accounts((), Order)
    for source, event in events:
        one.apply(event, source)
    return one


def after(event: ForeignOrderReported, ts_ns: int, remaining: int) -> ForeignOrderReported:
    return replace(event, ts_ns=ts_ns, remaining=Decimal(remaining))


def test_an_order_entered_by_hand_counts_with_what_remains_of_it_until_it_is_gone():
    one = accounts(("gateway", BY_HAND))
    assert one.exposure(*KEY).highest == 10
    assert one.keys() == {KEY}
    one.apply(after(BY_HAND, 2, 3), "gateway")
    assert one.exposure(*KEY).highest == 3
    one.apply(after(BY_HAND, 3, 0), "gateway")
    assert (one.exposure(*KEY).highest, one.orders.foreign.snapshot()) == (0, {})


def test_an_order_that_both_gateways_list_counts_once_by_the_newest_word():
    one = accounts(("gateway", BY_HAND), ("liquidation", replace(BY_HAND, ts_ns=2)))
    assert one.exposure(*KEY).buying == 10
    one.apply(after(BY_HAND, 5, 0), "gateway")
    assert one.exposure(*KEY).buying == 0
    one.apply(after(BY_HAND, 6, 0), "liquidation")
    assert one.orders.foreign.listed() == []


def test_the_order_of_reading_two_journals_does_not_matter():
    words = [("gateway", BY_HAND), ("gateway", after(BY_HAND, 5, 2)), ("liquidation", BY_HAND)]
    for order in (words, [words[2], *words[:2]], [words[0], words[2], words[1]]):
        assert accounts(*order).exposure(*KEY).buying == 2


def test_an_order_of_one_gateway_is_not_counted_again_because_the_other_lists_it():
    one = accounts(("gateway", INTENDED), ("liquidation", AS_FOREIGN))
    assert one.exposure(*KEY).selling == 4


def test_one_that_is_listed_before_its_intent_is_read_counts_once_before_and_after():
    one = accounts(("liquidation", AS_FOREIGN))
    assert one.exposure(*KEY).selling == 4
    one.apply(INTENDED, "gateway")
    assert (one.exposure(*KEY).selling, len(one.orders.foreign)) == (4, 0)


def test_what_bears_our_tag_and_is_not_our_order_counts_besides_it():
    twin = replace(AS_FOREIGN, permanent_id="9002")
    one = accounts(("gateway", INTENDED), ("liquidation", twin))
    assert one.exposure(*KEY).selling == 4, "it may be ours: TWS has not named ours yet"
    one.apply(OrderAccepted(2, ACCOUNT, "a/1", "7", "7007"), "gateway")
    assert one.exposure(*KEY).selling == 8


def test_orders_that_turn_out_to_be_foreign_count_in_the_order_of_their_ids():
    """A set of them has another order in each process, and risk cancels them one by one."""
    several = [replace(AS_FOREIGN, permanent_id=f"80{number:02}") for number in range(20)]
    one = accounts(*(("liquidation", each) for each in several), ("gateway", INTENDED))
    one.apply(OrderAccepted(2, ACCOUNT, "a/1", "7", "7007"), "gateway")
    assert one.orders.foreign.counted() == several


def test_an_exposure_without_one_of_our_orders_keeps_the_foreign_ones():
    one = accounts(("gateway", INTENDED), ("gateway", replace(BY_HAND, side="SELL")))
    assert one.exposure(*KEY, one.orders["a/1"]).selling == 10
