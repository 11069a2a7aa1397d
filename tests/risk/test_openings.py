"""Openings: each opening and each close is reported once, whatever is corrected or restarts."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tapewire.common.accounting.exec_ids import execution_key
from tapewire.common.clock import Now
from tapewire.common.events import (
    Event,
    Fill,
    PositionCarried,
    PositionClosed,
    PositionOpened,
)
from tapewire.risk.monitor import RiskMonitor
from tests.risk.orders import NOW, SECOND, T0, fill, monitor, order

HOUR = 3600 * SECOND


def traded(number: int, quantity: int, price: int = 100, **more: object) -> Fill:
    """An execution of a signed quantity."""
    one = order(f"o{number}", "BUY" if quantity > 0 else "SELL", symbol=more.pop("symbol", "AAPL"))
    exec_id = f"0000.e{number}.01.{more.pop('version', 1):02}"
    return fill(one, abs(quantity), exec_id, price=Decimal(price), **more)


def news(one: RiskMonitor, *fills: Event, now: Now = NOW, source: str = "gateway") -> list[Event]:
    """What is reported after these executions."""
    for each in fills:
        one.on_broker(each, source)
    return one.openings.due(now)


def shown(events: list[Event]) -> list[tuple[str, int, int, str]]:
    """Each event's kind, quantity and realised P&L, and its execution."""
    kinds = {PositionOpened: "opened", PositionClosed: "closed"}
    short = {e.exec_id: e.exec_id.removeprefix("0000.").replace(".01.", ".") for e in events}
    return [(kinds[type(e)], int(e.quantity), int(e.realised), short[e.exec_id]) for e in events]


def test_a_position_is_opened_once_and_closed_once_with_what_it_came_to():
    one = monitor()
    (opened,) = news(one, traded(1, 10, 100))
    assert (opened.account, opened.symbol, opened.average_price) == ("DU1", "AAPL", Decimal(100))
    assert news(one, traded(2, 5, 103), traded(3, -5, 111)) == [], "it only grew and shrank"
    (closed,) = news(one, traded(4, -10, 106))
    assert (closed.quantity, closed.price, closed.currency) == (10, 106, "USD")
    assert closed.realised == 5 * (111 - 101) + 10 * (106 - 101)
    assert (closed.opened_id, closed.opened_ns) == (opened.exec_id, opened.ts_ns)


def test_what_an_earlier_position_realised_is_not_the_later_ones():
    one = monitor()
    news(one, traded(1, 10, 100), traded(2, -10, 90))
    events = news(one, traded(3, 10, 100), traded(4, -10, 107))
    assert shown(events) == [("opened", 10, -100, "e3.01"), ("closed", 10, 70, "e4.01")]


def test_an_execution_through_zero_closes_one_position_and_opens_another():
    one = monitor()
    news(one, traded(1, 10, 100))
    events = news(one, traded(2, -25, 104))
    assert shown(events) == [("closed", 10, 40, "e2.01"), ("opened", -15, 40, "e2.01")]


def test_a_position_that_was_opened_and_closed_within_one_turn_is_reported_too():
    events = news(monitor(), traded(1, 10, 100), traded(2, -10, 101), traded(3, -4, 102))
    assert [kind for kind, *_ in shown(events)] == ["opened", "closed", "opened"]


def test_accounts_and_symbols_are_kept_apart():
    one = monitor()
    elsewhere = traded(2, -10, symbol="MSFT", account="DU2")
    events = news(one, traded(1, 10), elsewhere)
    assert [(e.account, e.symbol, e.quantity) for e in events] == [
        ("DU1", "AAPL", 10), ("DU2", "MSFT", -10),
    ]  # fmt: skip


def test_both_gateways_reports_of_one_execution_are_one_opening():
    one = monitor()
    assert len(news(one, traded(1, 10))) == 1
    assert news(one, traded(1, 10), source="liquidation") == []


# ---- restarts ----------------------------------------------------------------------------------


def test_a_restart_reports_nothing_again():
    past = [traded(1, 10), traded(2, -10), traded(3, 7)]
    journal = news(monitor(), *past)
    assert news(monitor(journal=journal), *past) == []


def test_what_happened_while_risk_was_down_is_reported_after_the_restart():
    past = [traded(1, 10, 100)]
    journal = news(monitor(), *past)
    missed = [traded(2, -10, 105), traded(3, -3, 104)]
    events = news(monitor(journal=journal), *past, *missed)
    assert shown(events) == [("closed", 10, 50, "e2.01"), ("opened", -3, 50, "e3.01")]


def test_the_first_position_of_all_is_not_lost_by_a_crash_before_it_was_written_down():
    past = [traded(1, 10, 100), traded(2, -10, 105)]
    news(monitor(), *past)  # and nothing of it reached the journal
    assert [kind for kind, *_ in shown(news(monitor(), *past))] == ["opened", "closed"]


def test_of_a_past_without_reports_only_the_last_day_and_what_is_open_counts():
    old = [traded(n, q, ts_ns=T0 - 30 * HOUR) for n, q in ((1, 10), (2, -10), (3, 5))]
    recent = [traded(4, -8, symbol="MSFT"), traded(5, 8, symbol="MSFT")]
    events = news(monitor(), *old, *recent)
    assert [(e.symbol, kind) for e, (kind, *_) in zip(events, shown(events), strict=True)] == [
        ("AAPL", "opened"), ("MSFT", "opened"), ("MSFT", "closed"),
    ]  # fmt: skip


def test_executions_that_a_checkpoint_left_out_are_not_missed():
    journal = news(monitor(), traded(1, 10, 100), traded(2, -4, 110))
    after = monitor(journal=journal)
    carried = PositionCarried(T0, "DU1", "AAPL", Decimal(6), Decimal(100), Decimal(40), Decimal(0))
    assert news(after, carried) == []
    (closed,) = news(after, traded(3, -6, 120))
    assert closed.realised == 40 + 6 * 20


def test_a_close_whose_executions_a_checkpoint_has_left_out_is_reported_without_a_price():
    journal = news(monitor(), traded(1, 10, 100))
    after = monitor(journal=journal)
    carried = PositionCarried(T0, "DU1", "AAPL", Decimal(0), Decimal(0), Decimal(50), Decimal(0))
    (closed,) = news(after, carried)
    assert (closed.quantity, closed.price, closed.realised) == (10, None, 50)
    assert closed.exec_id == closed.opened_id
    assert news(monitor(journal=[*journal, closed]), carried) == []
    assert shown(news(after, traded(3, 4, 90))) == [("opened", 4, 50, "e3.01")]


def test_an_open_position_that_a_checkpoint_carries_and_nobody_reported_is_reported():
    carried = PositionCarried(T0, "DU1", "AAPL", Decimal(6), Decimal(100), Decimal(40), Decimal(0))
    one = monitor()
    assert shown(news(one, carried, traded(2, 1))) == [("opened", 7, 40, "e2.01")]


# ---- corrections -------------------------------------------------------------------------------


def test_a_correction_that_leaves_a_part_open_is_set_right():
    one = monitor()
    news(one, traded(1, 10, 100), traded(2, -10, 105))
    events = news(one, traded(2, -8, 105, version=2))
    assert shown(events) == [("opened", 2, 40, "e2.02")]


def test_a_correction_that_closes_is_reported_as_a_close():
    one = monitor()
    news(one, traded(1, 10, 100), traded(2, -8, 105))
    assert shown(news(one, traded(2, -10, 105, version=2))) == [("closed", 10, 50, "e2.02")]


def test_a_correction_that_moves_an_execution_to_another_symbol_sets_both_right():
    one = monitor()
    news(one, traded(1, 10, 100))
    events = news(one, traded(1, 10, 100, version=2, symbol="MSFT"))
    assert [(e.symbol, type(e).__name__) for e in events] == [
        ("AAPL", "PositionClosed"), ("MSFT", "PositionOpened"),
    ]  # fmt: skip


def test_what_opens_after_a_correction_has_closed_what_was_reported_closes_that_first():
    one = monitor()
    news(one, traded(1, 2), traded(2, -3))
    one.on_broker(traded(3, 1), "gateway")
    events = news(one, traded(2, -2, version=2))
    assert [name for name, *_ in shown(events)] == ["closed", "opened"]


# ---- any sequence ------------------------------------------------------------------------------

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["trade", "trade", "trade", "correct", "turn", "restart", "crash"]),
        st.integers(-3, 3).filter(bool),
        st.integers(95, 105),
    ),
    max_size=40,
)


class Life:
    """Executions, turns, restarts and crashes before the commit, with all that was written down."""

    def __init__(self) -> None:
        self.monitor, self.fills, self.journal = monitor(), [], []
        self.numbers, self.versions = 0, {}

    def trade(self, quantity: int, price: int) -> None:
        self.numbers += 1
        self.versions[self.numbers] = 1
        self._report(traded(self.numbers, quantity, price, ts_ns=T0 + self.numbers))

    def correct(self, quantity: int, price: int) -> None:
        if self.numbers:
            number = self.numbers - price % min(3, self.numbers)
            self.versions[number] += 1
            version = self.versions[number]
            self._report(traded(number, quantity, price, version=version, ts_ns=T0 + number))

    def turn(self, *_: int) -> None:
        self.journal += self.monitor.openings.due(NOW)

    def crash(self, *_: int) -> None:
        self.monitor.openings.due(NOW)  # which is never written down
        self.restart()

    def restart(self, *_: int) -> None:
        self.monitor = monitor(journal=self.journal)
        for each in self.fills:
            self.monitor.on_broker(each, "gateway")

    def _report(self, one: Fill) -> None:
        self.fills.append(one)
        self.monitor.on_broker(one, "gateway")


@given(STEPS)
def test_reports_alternate_and_add_up_whatever_is_corrected_and_restarts(steps):
    life = Life()
    for step, quantity, price in steps:
        getattr(life, step)(quantity, price)
    life.turn()
    position = life.monitor.accounts.book.position("DU1", "AAPL")
    kinds = [type(event) for event in life.journal]
    expected = [PositionOpened, PositionClosed] * len(kinds)
    assert kinds == expected[: len(kinds)], "each opening is closed before the next"
    is_open = bool(kinds) and kinds[-1] is PositionOpened
    assert is_open == bool(position.quantity)
    if is_open:
        assert life.journal[-1].quantity * position.quantity > 0
    if kinds and not is_open and not any(step == "correct" for step, *_ in steps):
        closed = [event.realised for event in life.journal if isinstance(event, PositionClosed)]
        assert abs(sum(closed) - position.realised) < Decimal("1E-9")


@given(STEPS)
def test_restarts_change_nothing_in_what_is_reported(steps):
    steps = [step for step in steps if step[0] != "correct"]
    with_restarts, without = Life(), Life()
    for step, quantity, price in steps:
        getattr(with_restarts, step)(quantity, price)
        if step == "trade":
            without.trade(quantity, price)
            without.turn()
    with_restarts.turn()

    def told(life: Life) -> list[tuple[str, str, int]]:
        return [(type(e).__name__, execution_key(e.exec_id), int(e.quantity)) for e in life.journal]

    assert told(with_restarts) == told(without)
