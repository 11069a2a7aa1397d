"""Two accounts of one group, whose trading days end at different times."""

from datetime import time

from tapewire.common.accounting.trading_days import TradingDays, trading_days
from tapewire.common.events import LockOutEnded, RiskHalted, Scope
from tests.risk.money import Account
from tests.risk.orders import NOW, SECOND, T0, entry, order

DAYS = TradingDays(trading_days(), {"DU2": trading_days("Asia/Tokyo", time(0))})
CHICAGO_ENDS_NS = 1_700_002_800 * SECOND  # 17:00 in Chicago, three quarters of an hour after T0
TOKYO_ENDS_NS = 1_700_060_400 * SECOND  # the next midnight in Tokyo, 17 hours after T0
RULE = entry("DailyRealizedLoss", limit=100, until="day")


def loses(one: Account, account: str, amount: int) -> None:
    one.trade(10, 100, account=account).trade(-10, 100 - amount // 10, account=account).check()


def both_lose() -> Account:
    one = Account(RULE, day_of=DAYS)
    for account in ("DU1", "DU2"):
        loses(one, account, 150)
    return one


def at(one: Account, ts_ns: int) -> Account:
    return one.later((ts_ns - one.now.wall_ns) / SECOND)


def allowed(one: Account) -> list[str]:
    """The accounts in which an order may add risk."""
    halted = {scope.account for scope in one.monitor.halts}
    view = one.monitor.view.at(one.now)
    return [
        account
        for account in ("DU1", "DU2")
        if account not in halted and not one.rules.denial(order("x", account=account), view)
    ]


def test_a_lock_out_until_the_day_ends_does_so_with_the_day_of_its_account():
    one = both_lose()
    ends = {e.scope: e.until_ns for e in one.events if isinstance(e, RiskHalted)}
    assert ends == {Scope("DU1"): CHICAGO_ENDS_NS, Scope("DU2"): TOKYO_ENDS_NS}
    assert allowed(one) == []
    assert allowed(at(one, CHICAGO_ENDS_NS + SECOND)) == ["DU1"]
    assert allowed(at(one, TOKYO_ENDS_NS - SECOND)) == ["DU1"]
    assert allowed(at(one, TOKYO_ENDS_NS + SECOND)) == ["DU1", "DU2"]
    assert len([e for e in one.events if isinstance(e, LockOutEnded)]) == 2


def test_a_loss_counts_for_the_day_of_its_account():
    one = Account(RULE, day_of=DAYS)
    for account in ("DU1", "DU2"):
        loses(one, account, 60)
    at(one, CHICAGO_ENDS_NS + SECOND)
    for account in ("DU1", "DU2"):  # a new day in the one, the same in the other
        loses(one, account, 60)
    assert [e.scope for e in one.events if isinstance(e, RiskHalted)] == [Scope("DU2")]
    at(one, TOKYO_ENDS_NS + SECOND)
    loses(one, "DU1", 60)
    assert [e.scope.account for e in one.events if isinstance(e, RiskHalted)] == ["DU2", "DU1"]
    assert [day.day for (account, day) in one.monitor.accounts.book.days if account == "DU2"] == [
        15
    ]


def test_a_restart_between_the_ends_of_both_changes_nothing():
    one = at(both_lose(), CHICAGO_ENDS_NS + SECOND).restarted(RULE)
    assert allowed(one) == ["DU1"]
    loses(one, "DU1", 60)
    assert allowed(one) == ["DU1"]
    assert allowed(at(one, TOKYO_ENDS_NS + SECOND).restarted(RULE)) == ["DU1", "DU2"]


def test_a_lock_out_of_every_account_ends_when_the_day_is_over_in_each():
    one = Account(entry("AuthLossGuard", until="day"), day_of=DAYS)
    enforcement = one.rules.rules[0].enforcement
    assert enforcement.ends_ns(T0, "", DAYS) == TOKYO_ENDS_NS
    assert enforcement.ends_ns(T0, "DU1", DAYS) == CHICAGO_ENDS_NS


def test_orders_of_a_day_are_those_of_the_account_s_own():
    one = Account(entry("TradeFrequencyLimit", limit=2, of="trades", per="day"), day_of=DAYS)
    for account in ("DU1", "DU2"):
        one.trade(1, 100, account=account).trade(1, 100, account=account)
    assert allowed(one) == []
    assert allowed(at(one, CHICAGO_ENDS_NS + SECOND)) == ["DU1"]
    assert NOW.wall_ns == T0
