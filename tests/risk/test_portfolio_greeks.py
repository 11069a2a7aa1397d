"""PortfolioGreeks: delta, gamma and vega of each underlying, and what happens without greeks."""

from dataclasses import dataclass
from decimal import Decimal

import pytest

from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.orders import Order
from tapewire.common.clock import Now
from tapewire.common.errors import ConfigError
from tapewire.common.events import (
    EVERYTHING,
    ComboLeg,
    FlattenStarted,
    Greeks,
    RiskHalted,
    RiskViolation,
    Scope,
    Tick,
    Trade,
)
from tapewire.common.instruments import Instrument
from tapewire.common.options import instrument_of
from tapewire.risk.monitor import RiskMonitor
from tapewire.risk.rules import View
from tests.risk.orders import NOW, SECOND, T0, book, entry, fill, foreign, held, intended, order

CALL = "AAPL  261218C00190000"
PUT = "AAPL  261218P00190000"
OTHER = "MSFT  261218C00400000"
EURO = "C SAP DEC26 180"
ES = Instrument(symbol="ESZ6", sec_type="FUT", multiplier=Decimal(50))
INSTRUMENTS = [
    instrument_of("AAPL"), instrument_of("MSFT"), instrument_of(CALL), instrument_of(PUT),
    instrument_of(OTHER), ES,
]  # fmt: skip
SPREAD = (ComboLeg(CALL, 1, "BUY"), ComboLeg(PUT, 1, "SELL"))


def greeks(
    symbol: str, delta: float | None = 0.5, age_s: float = 0, now: Now = NOW, **more: float | None
) -> Greeks:
    given = {"gamma": 0.02, "vega": 0.3, **more}
    ts_ns = now.wall_ns - int(age_s * SECOND)
    return Greeks(symbol, ts_ns, "tws", "model", 0.25, delta, **given)


KNOWN = (greeks(CALL), greeks(PUT, -0.4), greeks(OTHER, 0.25))


def market(*known: Greeks) -> View:
    """Empty accounts in a gateway, which sees these greeks."""

    def newest(symbol: str) -> Tick | None:
        return Trade(symbol, T0, 100.0, 1.0)

    view = View(Accounts(INSTRUMENTS, Order), newest).at(NOW)
    view.newest_greeks = {one.symbol: one for one in known or KNOWN}.get
    return view


def taken(view: View, *events: object) -> View:
    for event in events:
        view._accounts.apply(event)
    return view


def bought(quantity: int, symbol: str = CALL, name: str = "x") -> object:
    side = "BUY" if quantity > 0 else "SELL"
    return fill(order(name, side, symbol=symbol), abs(quantity), f"e{name}{symbol}")


def denial(wanted, view: View, scope: Scope = EVERYTHING, **limits: object) -> str:
    return book(entry("PortfolioGreeks", scope=scope, **limits)).denial(wanted, view)


# ---- before --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("quantity", "passes"), [(9, True), (10, True), (11, False)])
@pytest.mark.parametrize("side", ["BUY", "SELL"])
@pytest.mark.parametrize("limits", [{"delta": 500}, {"gamma": 20}, {"vega": 300}])
def test_an_order_may_bring_an_underlying_up_to_a_limit(
    side: str, limits: dict[str, int], quantity: int, passes: bool
):
    wanted = order("a", side, quantity, symbol=CALL)  # type: ignore[arg-type]
    assert (denial(wanted, market(), **limits) == "") == passes


def test_a_denial_says_what_it_would_come_to():
    assert denial(order("a", "BUY", 11, symbol=CALL), market(), delta=500) == (
        "PortfolioGreeks: with this order the delta of AAPL in the account is or could get 550.00,"
        " the limit is 500"
    )


@pytest.mark.parametrize(("quantity", "passes"), [(500, True), (501, False)])
def test_a_share_has_a_delta_of_one_and_nothing_else(quantity: int, passes: bool):
    wanted = order("a", "BUY", quantity)
    assert (denial(wanted, market(), delta=500, gamma=1, vega=1) == "") == passes


@pytest.mark.parametrize(("quantity", "passes"), [(2, True), (3, False)])
def test_a_future_has_its_multiplier(quantity: int, passes: bool):
    wanted = order("a", "SELL", quantity, symbol="ESZ6")
    assert (denial(wanted, market(), delta=100) == "") == passes


def test_all_that_is_on_an_underlying_adds_up_with_its_sign():
    view = taken(market(), bought(10), bought(-300, "AAPL"))  # 500 - 300
    assert denial(order("a", "BUY", 6, symbol=CALL), view, delta=500) == ""
    assert denial(order("a", "BUY", 7, symbol=CALL), view, delta=500) != ""
    view = taken(market(), bought(10), bought(5, PUT))  # 500 - 200 of delta, 20 + 10 of gamma
    assert denial(order("a", "BUY", 200), view, delta=500) == ""
    assert denial(order("a", "BUY", 1, symbol=PUT), view, gamma=30) != ""


def test_another_underlying_is_another_sum():
    view = taken(market(), bought(10))
    assert denial(order("a", "BUY", 20, symbol=OTHER), view, delta=500) == ""
    assert "of MSFT" in denial(order("a", "BUY", 21, symbol=OTHER), view, delta=500)


def test_what_works_may_fill_or_not_whichever_is_worse():
    hedge = order("h", "SELL", 300)
    view = taken(market(), bought(10), intended(hedge))  # 500, or 200 if the hedge fills
    assert "510.00" in denial(order("a", "BUY", 10), view, delta=500)
    assert denial(order("a", "SELL", 400), view, delta=500) == ""  # down to -200


def test_a_hedge_passes_beyond_the_limit_if_it_makes_nothing_worse():
    view = taken(market(), bought(20))  # 1000
    assert denial(order("a", "SELL", 500), view, delta=500) == ""
    assert denial(order("a", "BUY", 1), view, delta=500) != ""


def test_an_exit_passes_whatever_is_known():
    view = taken(market(greeks(PUT)), bought(20))
    assert denial(order("a", "SELL", 20, symbol=CALL), view, delta=500) == ""


def test_the_legs_of_a_combo_count_together():
    """A call and a short put are 0.5 + 0.4 of delta, and their vegas cancel out."""
    wanted = order("a", "BUY", 6, symbol=CALL, legs=SPREAD)
    assert denial(wanted, market(), delta=540, vega=180) == ""
    assert "540.00" in denial(wanted, market(), delta=539)
    assert "180.00" in denial(wanted, market(), vega=179)  # one leg may fill before the other


def test_another_account_is_another_sum():
    view = taken(market(), bought(10))
    assert denial(order("a", "BUY", 10, symbol=CALL, account="DU2"), view, delta=500) == ""


def test_a_scope_s_symbol_is_an_underlying():
    scope, wanted = Scope(symbol="AAPL"), order("a", "BUY", 100, symbol=CALL)
    assert denial(wanted, market(), scope, delta=500) != ""
    assert denial(order("a", "BUY", 100, symbol=OTHER), market(), scope, delta=500) == ""
    assert denial(order("a", "BUY", 501), market(), scope, delta=500) != ""
    assert denial(wanted, market(), Scope(account="DU2"), delta=500) == ""


@pytest.mark.parametrize(
    "known",
    [
        greeks(PUT),
        greeks(CALL, None),
        greeks(CALL, age_s=61),
    ],
)
def test_without_greeks_or_with_old_ones_nothing_that_adds_passes(known: Greeks):
    reason = denial(order("a", "BUY", 1, symbol=CALL), market(known), delta=500)
    assert reason.startswith("PortfolioGreeks: the greeks of AAPL in the account are not known")
    assert CALL in reason
    assert denial(order("a", "BUY", 1), market(known), delta=500) == ""


def test_a_share_is_no_safer_while_an_option_on_it_is_not_known():
    view = taken(market(greeks(PUT)), bought(1))
    assert "not known" in denial(order("a", "BUY", 1), view, delta=500)
    assert denial(order("a", "BUY", 1, symbol="MSFT"), view, delta=500) == ""


def test_what_is_not_limited_may_be_missing():
    known = greeks(CALL, gamma=None, vega=None)
    assert denial(order("a", "BUY", 1, symbol=CALL), market(known), delta=500) == ""
    assert denial(order("a", "BUY", 1, symbol=CALL), market(known), delta=500, vega=9) != ""


def test_greeks_of_any_age_count_if_the_limit_of_age_is_0():
    wanted = order("a", "BUY", 1, symbol=CALL)
    assert denial(wanted, market(greeks(CALL, age_s=9999)), delta=500, age_max_s=0) == ""


def test_where_no_market_is_seen_it_denies_nothing():
    view = View(Accounts(INSTRUMENTS, Order)).at(NOW)
    assert denial(order("a", "BUY", 1000, symbol=CALL), view, delta=1) == ""


# ---- after ---------------------------------------------------------------------------------------


@dataclass
class Desk:
    """A monitor with the rule, at a moment that moves on."""

    monitor: RiskMonitor
    now: Now = NOW
    events: list[object] | None = None

    def greeks(self, *deltas: float | None, symbol: str = CALL, seconds: float = 0.6) -> "Desk":
        """These deltas come one after the other."""
        for delta in deltas:
            self.now += int(seconds * SECOND)
            self.monitor.on_ticks([Trade("AAPL", self.now.wall_ns, 190.0, 1.0)], self.now)
            self.monitor.on_greeks([greeks(symbol, delta, now=self.now)], self.now)
            self.check()
        return self

    def later(self, seconds: float) -> "Desk":
        self.now += int(seconds * SECOND)
        return self.check()

    def price(self) -> "Desk":
        self.monitor.on_ticks([Trade("AAPL", self.now.wall_ns, 190.0, 1.0)], self.now)
        return self.check()

    def check(self) -> "Desk":
        found = self.monitor.check(self.now, timer=True)
        self.events = [*(self.events or []), *found]
        return self

    def report(self, *events: object) -> "Desk":
        for event in events:
            self.monitor.on_broker(event)  # type: ignore[arg-type]
        return self.check()

    @property
    def violations(self) -> list[tuple[Scope, str]]:
        found = [one for one in self.events or [] if isinstance(one, RiskViolation)]
        return [(one.scope, one.reason) for one in found]

    def count(self, kind: type) -> int:
        return sum(isinstance(one, kind) for one in self.events or [])


def desk(enforcement: str = "halt", scope: Scope = EVERYTHING, **limits: object) -> Desk:
    rules = book(entry("PortfolioGreeks", enforcement, scope, **limits))
    return Desk(RiskMonitor(rules, INSTRUMENTS)).check()


@pytest.mark.parametrize(("quantity", "breaks"), [(9, False), (10, False), (11, True)])
def test_a_fill_beyond_the_limit_breaks_it_at_once(quantity: int, breaks: bool):
    found = desk(delta=500).greeks(0.5).report(bought(quantity))
    assert bool(found.violations) == breaks
    assert found.count(RiskHalted) == breaks


def test_the_whole_account_is_halted_and_no_other():
    found = desk(delta=500, scope=Scope(symbol="AAPL")).greeks(0.5).report(bought(11))
    assert found.violations == [
        (
            Scope("DU1"),
            "the delta of AAPL in the account is or could get 550.00, the limit is 500",
        )
    ]


def test_orders_that_work_count_and_foreign_ones_too():
    found = desk(delta=500).greeks(0.5).report(bought(8), foreign(1, 3, symbol=CALL))
    assert len(found.violations) == 1


def test_an_order_whose_fate_is_unknown_counts():
    wanted = order("a", "BUY", 11, symbol=CALL)
    found = desk(delta=500).greeks(0.5).report(intended(wanted))
    assert len(found.violations) == 1


def test_one_bad_tick_breaks_nothing():
    found = desk(delta=500).greeks(0.4).report(bought(11)).greeks(0.9, 0.4, 0.4, 0.4, 0.4)
    assert found.violations == []


def test_greeks_that_last_break_it():
    found = desk(delta=500).greeks(0.4).report(bought(11)).greeks(0.6, 0.6, 0.6)
    assert [reason[:9] for _, reason in found.violations] == ["the delta"]


def test_at_a_start_what_is_found_has_to_last():
    rules = book(entry("PortfolioGreeks", delta=500))
    found = Desk(RiskMonitor(rules, INSTRUMENTS))
    found.monitor.on_broker(bought(11))
    found.greeks(0.6)
    assert found.violations == []
    assert len(found.greeks(0.6, 0.6).violations) == 1


def test_missing_greeks_halt_after_a_while_and_close_nothing():
    found = desk("flatten", delta=500).report(bought(1)).later(4.9)
    assert found.violations == []
    found.later(0.2)
    assert [reason[:28] for _, reason in found.violations] == ["the greeks of AAPL in the ac"]
    assert (found.count(RiskHalted), found.count(FlattenStarted)) == (1, 0)


def test_greeks_that_come_in_time_halt_nothing():
    found = desk(delta=500).report(bought(1)).later(4).greeks(0.5).later(5)
    assert found.violations == []


def test_old_greeks_halt_while_the_market_goes_on():
    found = desk(delta=500).report(bought(1)).greeks(0.5)
    for _ in range(70):
        found.later(1).price()
    assert len(found.violations) == 1


def test_old_greeks_halt_nothing_while_the_market_stands_still():
    found = desk(delta=500).report(bought(1)).greeks(0.5)
    for _ in range(100):
        found.later(60)
    assert found.violations == []
    assert found.price().later(4).violations == []
    assert len(found.price().later(1.1).violations) == 1


def test_a_flatten_closes_the_account_for_what_is_known():
    found = desk("flatten", delta=500).greeks(0.5).report(bought(11))
    assert found.count(FlattenStarted) == 1


def test_what_the_broker_reports_counts_too():
    assert len(desk(delta=500).greeks(0.5).report(held(11, CALL)).violations) == 1


def test_accounts_are_held_apart():
    found = desk(delta=500).greeks(0.5)
    other = order("y", "BUY", symbol=CALL, account="DU2")
    found.report(bought(8), fill(other, 8, "y1"))
    assert found.violations == []
    found.report(fill(order("z", "BUY", symbol=CALL, account="DU2"), 3, "z1"))
    assert [scope for scope, _ in found.violations] == [Scope("DU2")]


def test_headroom_is_of_the_limit_that_is_used_most():
    found = desk(delta=1000, vega=300).greeks(0.5).report(bought(8))
    (reading,) = found.monitor.readings
    assert (reading.account, reading.symbol, reading.used, reading.limit, reading.unit) == (
        "DU1", "AAPL", 240, 300, "vega",
    )  # fmt: skip
    found.monitor.on_greeks([greeks(CALL, None, now=found.now)], found.now)
    assert [one.used for one in found.check().monitor.readings] == [None]


def test_a_position_that_nobody_has_configured_is_not_known():
    found = desk(delta=500).greeks(0.5).report(held(1, "AAPL  261218C00200000")).later(5.1)
    assert [reason[:18] for _, reason in found.violations] == ["the greeks of AAPL"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "needs delta, gamma or vega"),
        ({"delta": 0}, "delta limit is 0"),
        ({"vega": -1}, "vega limit is -1"),
        ({"delta": 5, "age_max_s": -1}, "age_max_s is -1"),
        ({"delta": 5, "enforcement": "close"}, "cannot close or reduce"),
        ({"delta": 5, "confirm_ms": -1}, "confirm_ms is -1"),
    ],
)
def test_limits_that_mean_nothing_are_refused(given: dict[str, object], said: str):
    with pytest.raises(ConfigError, match=said):
        book(entry("PortfolioGreeks", **given))  # type: ignore[arg-type]
