"""SymbolBlock: what is blocked is not traded, and what is held of it may only become smaller."""

import pytest

from tapewire.common.errors import ConfigError
from tapewire.common.events import EVERYTHING, ComboLeg, Event, Scope
from tapewire.risk.monitor import RiskMonitor
from tests.risk.orders import NOW, book, broken, denial, entry, held, hold, kept, monitor, order


def blocked(
    *symbols: str, journal: list[Event] | None = None, scope: Scope = EVERYTHING
) -> RiskMonitor:
    rules = book(entry("SymbolBlock", "alert", scope, symbols=symbols or ("AAPL",)))
    return monitor(rules=rules, journal=journal or [])


def denying(scope: Scope = EVERYTHING) -> RiskMonitor:
    return monitor(rules=book(entry("SymbolBlock", scope=scope, symbols=("AAPL",))))


# ---- before --------------------------------------------------------------------------------------


def test_an_order_in_a_blocked_symbol_is_denied_and_one_in_another_is_not():
    assert denial(denying(), order()) == (
        "SymbolBlock: AAPL is blocked, and this order could add risk"
    )
    assert denial(denying(), order(symbol="MSFT")) == ""


@pytest.mark.parametrize(("quantity", "passes"), [(9, True), (10, True), (11, False)])
def test_what_is_held_may_be_closed_and_not_turned_round(quantity: int, passes: bool):
    one = denying()
    hold(one, 10)
    assert (denial(one, order("a", "SELL", quantity)) == "") == passes
    assert denial(one, order("a", "SELL", quantity, account="DU2")) != ""


def test_a_combo_with_a_blocked_leg_is_denied():
    legs = (ComboLeg("MSFT", 1, "BUY"), ComboLeg("AAPL", 1, "SELL"))
    assert "AAPL is blocked" in denial(denying(), order(symbol="MSFT - AAPL", legs=legs))


@pytest.mark.parametrize(
    ("scope", "elsewhere"),
    [(Scope("DU1"), {"account": "DU2"}), (Scope(strategy="s"), {"strategy": "other"})],
)
def test_a_block_is_one_of_its_scope(scope: Scope, elsewhere: dict):
    assert denial(denying(scope), order()) != ""
    assert denial(denying(scope), order(**elsewhere)) == ""


# ---- after ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "grows"),
    [
        (0, 0, False),
        (0, 1, True),
        (10, 9, False),
        (10, 10, False),
        (10, 11, True),
        (10, -1, True),
        (-10, -9, False),
        (-10, -11, True),
    ],
)
def test_a_position_that_grows_is_a_violation(before: int, after: int, grows: bool):
    one = blocked()
    one.on_broker(held(before))
    assert broken(one) == [], "what was held when it was blocked may stay"
    one.on_broker(held(after))
    said = f"DU1: AAPL is blocked, and its position has grown from {before} to {after}"
    assert broken(one) == ([said] if grows else [])


def test_a_position_may_not_grow_again_to_what_it_was():
    one = blocked()
    for quantity in (10, 4):
        one.on_broker(held(quantity))
        assert broken(one) == []
    one.on_broker(held(5))
    assert broken(one) == ["DU1: AAPL is blocked, and its position has grown from 4 to 5"]


def test_another_symbol_and_another_account_s_position_are_their_own():
    one = blocked()
    one.on_broker(held(10))
    one.on_broker(held(3, account="DU2"))
    broken(one)
    one.on_broker(held(99, "MSFT"))
    one.on_broker(held(4, account="DU2"))
    assert broken(one) == ["DU2: AAPL is blocked, and its position has grown from 3 to 4"]


def test_a_position_that_grew_while_risk_was_down_is_found_at_the_next_start():
    one = blocked()
    one.on_broker(held(10))
    journal = kept(one.check(NOW, timer=True))
    after = blocked(journal=journal)
    after.on_broker(held(11))
    assert broken(after) == ["DU1: AAPL is blocked, and its position has grown from 10 to 11"]


def test_a_symbol_that_is_blocked_later_may_keep_the_position_that_it_has_then():
    one = blocked()
    one.on_broker(held(10, "MSFT"))
    journal = kept(one.check(NOW, timer=True))
    after = blocked("AAPL", "MSFT", journal=journal)
    after.on_broker(held(10, "MSFT"))
    assert broken(after) == []
    after.on_broker(held(11, "MSFT"))
    assert len(broken(after)) == 1
    none = blocked("MSFT", journal=kept(after.check(NOW, timer=True)) or journal)
    assert broken(none) == []


def test_a_position_in_another_account_than_the_rule_s_may_grow():
    one = blocked(scope=Scope("DU1"))
    broken(one)
    one.on_broker(held(1, account="DU2"))
    assert broken(one) == []


@pytest.mark.parametrize("symbols", [(), ("",)])
def test_a_block_of_nothing_is_refused(symbols: tuple):
    with pytest.raises(ConfigError, match="SymbolBlock symbols is empty; name the symbols"):
        book(entry("SymbolBlock", symbols=symbols))
