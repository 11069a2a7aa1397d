"""`tapewire doctor`: the accounts that strategies and rules name are compared with the login's."""

from types import SimpleNamespace

import pytest

from tapewire.common.config.settings import Config
from tapewire.console.doctor.broker import account

LOGIN = SimpleNamespace(session=SimpleNamespace(accounts=("DU1", "DU2")))
MINE = {"name": "mine", "strategy": "a.b:C"}
RULE = {"rule": "MaxContracts", "parameters": {"limit": 5}}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"strategies": [MINE]}, "strategy mine names no account, and the login has 2"),
        (
            {"strategies": [{**MINE, "account": "DU9"}]},
            "the account of strategy mine is not one of this login's",
        ),
        (
            {"risk": {"rules": [RULE, {**RULE, "scope": {"account": "DU9"}}]}},
            "the account of [[risk.rules]] number 2 is not one of this login's",
        ),
    ],
)
def test_a_strategy_or_rule_without_an_account_of_the_login_fails(given, says):
    found = account(Config(**given), LOGIN)
    assert (found.ok, found.found) == (False, says)


def test_accounts_of_the_login_pass():
    rule = {**RULE, "scope": {"account": "DU1"}}
    config = Config(strategies=[{**MINE, "account": "DU2"}], risk={"rules": [rule]})
    assert account(config, LOGIN).ok
