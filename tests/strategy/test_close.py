"""`self.close`: what is held is closed, and nothing is traded past flat."""

from decimal import Decimal

import pytest

from tapewire.common.events import (
    EVERYTHING,
    CancelSignal,
    FlattenCompleted,
    OrderExpired,
    OrderTerms,
    Signal,
)
from tapewire.strategy.runner import Runner
from tests.strategy.kit import (
    T0,
    at,
    created,
    denied,
    executor,
    fill,
    gateway,
    moved,
    risk,
    runner,
)  # fmt: skip

STOP = OrderTerms("SELL", Decimal(10), "STP", stop=Decimal(1))


def holding(quantity: int = 10, **given: object) -> Runner:
    """A strategy that bought, and holds, so many."""
    one = runner(**given)
    side = "BUY" if quantity > 0 else "SELL"
    terms = OrderTerms(side, Decimal(abs(quantity)))
    executor(one, created("echo-e0-1", terms=terms))
    gateway(one, fill("e1", abs(quantity), side, "echo-e0-1"))
    executor(one, moved("FILLED", abs(quantity), "echo-e0-1"))
    return one


def sent(one: Runner, ms: float = 0) -> list[object]:
    """The signals that leave in a turn."""
    signals = one.due(at(ms))
    for signal in signals:
        one.sent(signal, at(ms))
    return signals


def news(one: Runner) -> list[tuple[str, str]]:
    return [(n.signal_id, n.reason) for n in one.strategy.received if isinstance(n, OrderExpired)]


@pytest.mark.parametrize(("held", "side"), [(10, "SELL"), (-10, "BUY")])
def test_what_is_held_is_closed_at_the_market(held: int, side: str):
    one = holding(held)
    close_id = one.strategy.close("AAPL")
    (signal,) = sent(one)
    assert (signal.id, signal.terms) == (close_id, OrderTerms(side, Decimal(10)))


def test_with_nothing_held_and_nothing_at_work_there_is_nothing_to_close():
    one = runner()
    assert one.strategy.close("AAPL") == ""
    assert sent(one) == []


def test_nothing_is_closed_while_no_signal_may_leave():
    one = holding()
    one.live = False
    assert one.strategy.close("AAPL") == ""


def with_stop() -> tuple[Runner, str]:
    """It holds 10, a stop for 10 works, and a close is asked for."""
    one = holding()
    executor(one, created("echo-e0-2", terms=STOP), moved("ACCEPTED", 0, "echo-e0-2"))
    return one, one.strategy.close("AAPL")


def test_a_working_order_is_cancelled_first_and_the_close_waits_for_its_end():
    one, close_id = with_stop()
    (cancel,) = sent(one)
    assert isinstance(cancel, CancelSignal)
    assert cancel.signal_id == "echo-e0-2"
    assert sent(one, 10) == []
    executor(one, moved("CANCELLED", 0, "echo-e0-2"))
    (signal,) = [s for s in sent(one, 20) if isinstance(s, Signal)]
    assert (signal.id, signal.terms) == (close_id, OrderTerms("SELL", Decimal(10)))


def test_the_close_s_own_life_begins_when_it_leaves():
    one, _ = with_stop()
    sent(one)
    executor(one, moved("CANCELLED", 0, "echo-e0-2"))
    (signal,) = [s for s in sent(one, 4000) if isinstance(s, Signal)]
    assert signal.expires_ns == T0 + 9_000 * 1_000_000


def test_what_filled_meanwhile_is_not_sold_again():
    one, _ = with_stop()
    gateway(one, fill("e2", 4, "SELL", "echo-e0-2"))
    executor(one, moved("CANCELLED", 4, "echo-e0-2"))
    (signal,) = [s for s in sent(one, 20) if isinstance(s, Signal)]
    assert signal.terms.quantity == 6


def test_a_fill_that_the_executor_has_seen_and_we_have_not_is_waited_for():
    one, close_id = with_stop()
    sent(one)
    executor(one, moved("FILLED", 10, "echo-e0-2"))
    assert [s for s in sent(one, 20) if isinstance(s, Signal)] == []
    gateway(one, fill("e2", 10, "SELL", "echo-e0-2"))
    assert [s for s in sent(one, 30) if isinstance(s, Signal)] == []
    assert news(one) == [(close_id, "nothing of AAPL is held any more")]


def test_a_close_from_the_news_of_the_stop_s_fill_waits_for_the_fill_itself():
    one = holding()
    executor(one, created("echo-e0-2", terms=STOP), moved("FILLED", 10, "echo-e0-2"))
    close_id = one.strategy.close("AAPL")
    assert sent(one) == []
    gateway(one, fill("e2", 10, "SELL", "echo-e0-2"))
    sent(one, 10)
    assert news(one) == [(close_id, "nothing of AAPL is held any more")]


def test_an_order_that_does_not_end_ends_the_close_and_the_strategy_is_told():
    one, close_id = with_stop()
    sent(one)
    sent(one, 5001)
    reason = "the orders and signals on AAPL were not over in time; close it again"
    assert (close_id, reason) in news(one)
    executor(one, moved("CANCELLED", 0, "echo-e0-2"))
    assert [s for s in sent(one, 5010) if isinstance(s, Signal)] == []
    assert one.strategy.close("AAPL") not in ("", close_id)


def test_a_fill_that_does_not_arrive_ends_the_close_too():
    one, close_id = with_stop()
    executor(one, moved("FILLED", 10, "echo-e0-2"))
    sent(one, 5001)
    reason = "the fills of an order on AAPL did not arrive in time; close it again"
    assert (close_id, reason) in news(one)


def test_a_signal_that_nobody_answered_is_cancelled_and_waited_for():
    one = holding()
    order_id = one.strategy.sell("AAPL", 10)
    close_id = one.strategy.close("AAPL")
    (cancel,) = sent(one)
    assert cancel.signal_id == order_id
    assert sent(one, 10) == []
    executor(one, denied(order_id))
    (signal,) = [s for s in sent(one, 20) if isinstance(s, Signal)]
    assert signal.id == close_id


def test_a_signal_that_was_given_up_may_have_been_traded_and_is_waited_for():
    one = holding()
    order_id = one.strategy.sell("AAPL", 10)
    sent(one)
    sent(one, 5001)
    assert one.strategy.pending("AAPL") == 0
    one.strategy.close("AAPL")
    (cancel,) = sent(one, 5002)
    assert (type(cancel), cancel.signal_id) == (CancelSignal, order_id)
    executor(one, created(order_id, terms=OrderTerms("SELL", Decimal(10))))
    assert [s for s in sent(one, 5010) if isinstance(s, Signal)] == []


def test_a_close_counts_as_pending_and_asking_twice_is_asking_once():
    one, close_id = with_stop()
    assert one.strategy.pending("AAPL") == 2
    assert one.strategy.close("AAPL") == close_id
    assert len(sent(one)) == 1


def test_other_symbols_are_left_alone():
    one = holding()
    executor(one, created("echo-e0-3", symbol="MSFT"), moved("ACCEPTED", 0, "echo-e0-3"))
    close_id = one.strategy.close("AAPL")
    (signal,) = sent(one)
    assert signal.id == close_id


def test_it_closes_in_the_account_that_holds_it():
    one = holding()
    one.strategy.close("AAPL")
    (signal,) = sent(one)
    assert signal.account == "DU1"


def test_what_is_held_in_two_accounts_is_not_closed_as_if_it_were_one():
    one = holding()
    executor(one, created("echo-e0-9", account="DU2"))
    gateway(one, fill("e9", 5, "BUY", "echo-e0-9", account="DU2"))
    executor(one, moved("FILLED", 5, "echo-e0-9"))
    with pytest.raises(ValueError, match="AAPL is held in DU1 and DU2"):
        one.strategy.close("AAPL")


def test_a_flatten_meanwhile_leaves_nothing_to_close():
    one, close_id = with_stop()
    executor(one, moved("CANCELLED", 0, "echo-e0-2"))
    risk(one, FlattenCompleted(T0, EVERYTHING, gateway_seq=10**9))
    assert [s for s in sent(one, 20) if isinstance(s, Signal)] == []
    assert news(one) == [(close_id, "nothing of AAPL is held any more")]
