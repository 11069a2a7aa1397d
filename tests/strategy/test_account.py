"""`self.account`: the values of the account that a strategy trades in."""

from decimal import Decimal

from tapewire.common import roles
from tapewire.common.events import AccountUpdated, ConnectionUp
from tests.strategy import kit
from tests.strategy.kit import NOW, T0, gateway

ACCOUNT, OTHER = "DU1", "DU7"
D = Decimal


def values(account: str = ACCOUNT, equity: int = 100, cash: int = 50) -> AccountUpdated:
    return AccountUpdated(T0, account, "USD", D(equity), D(cash), D(200))


def runner(account: str = ACCOUNT):
    return kit.runner(account=account)


def test_nothing_is_known_of_an_account_before_the_broker_has_reported_it():
    account = runner().strategy.account
    assert (account.account, account.ts_ns) == (ACCOUNT, 0)
    assert (account.equity, account.cash, account.buying_power) == (None, None, None)


def test_it_has_the_values_that_were_reported_last():
    one = runner()
    gateway(one, values(), values(equity=101))
    account = one.strategy.account
    assert (account.equity, account.cash, account.buying_power) == (101, 50, 200)
    assert (account.currency, account.ts_ns) == ("USD", T0)


def test_it_is_the_strategys_own_account_not_another_one_of_the_login():
    one = runner()
    gateway(one, values(OTHER, equity=7), values())
    assert one.strategy.account.equity == 100


def test_without_a_name_it_is_the_logins_only_account():
    one = runner(account="")
    gateway(one, ConnectionUp(T0, 157, (OTHER,)), values(OTHER, equity=7))
    assert one.strategy.account.equity == 7


def test_without_a_name_and_with_several_accounts_nothing_is_known():
    one = runner(account="")
    gateway(one, ConnectionUp(T0, 157, (ACCOUNT, OTHER)), values(), values(OTHER))
    assert one.strategy.account == AccountUpdated(0, "")


def test_an_account_that_has_left_the_login_has_no_values():
    one = runner()
    gateway(one, values(), ConnectionUp(T0, 157, (OTHER,)))
    assert one.strategy.account.equity is None


def test_a_new_connection_takes_nothing_away():
    one = runner()
    gateway(one, values(), ConnectionUp(T0, 157, (ACCOUNT, OTHER)))
    assert one.strategy.account.equity == 100


def test_the_executors_stream_says_nothing_of_accounts():
    one = runner()
    one.on_event(roles.LIQUIDATION, values(), 1, NOW)
    assert one.strategy.account.equity is None
