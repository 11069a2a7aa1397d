"""Paper is enforced: a login that the configuration does not mean is never traded on."""

import pytest

from tapewire.common.config.settings import ConfigError, load
from tapewire.gateway.orders.login import refusal
from tests.gateway.tws_bench import Bench, submit
from tests.gateway.tws_messages import managed_accounts

PAPER, LIVE = "DU1234567", "U1234567"


@pytest.mark.parametrize("account", ["DU1234567", "DF1234567", "DI1234567", "D1234567"])
def test_paper_accounts_may_be_traded_on_in_paper_mode(account: str):
    assert refusal((account,), "paper", None) == ""


@pytest.mark.parametrize("accounts", [(LIVE,), ("F1234567",), (PAPER, LIVE), ("I1234567",)])
def test_a_login_with_an_account_that_is_not_paper_is_refused_in_paper_mode(accounts):
    said = refusal(accounts, "paper", LIVE)
    assert "is not a paper account" in said
    assert "1234567" not in said


def test_live_mode_takes_the_named_account_alone():
    assert refusal((LIVE,), "live", LIVE) == ""
    assert refusal(("U7654321", LIVE), "live", LIVE) == ""
    said = refusal(("U7654321",), "live", LIVE)
    assert said.startswith("live_account is U***, but TWS is logged in to U***")
    assert refusal((PAPER,), "live", LIVE)
    assert refusal((LIVE,), "live", None)


def logged_in(*accounts: str, **settings: object) -> Bench:
    """A gateway whose TWS has told these accounts."""
    bench = Bench(connect=False, accounts=accounts, **settings)
    bench.connect()
    return bench


def test_the_gateway_stays_waiting_and_says_what_to_set():
    bench = logged_in(LIVE)
    bench.answer_snapshot()
    state, reason = bench.gateway.readiness()
    assert state == "WAITING"
    assert reason == (
        'mode is "paper", but TWS is logged in to U***, which is not a paper account;'
        ' log in to paper trading, or set mode = "live" and live_account.'
        " Nothing is sent until then"
    )


def test_nothing_is_asked_ordered_or_cancelled_on_a_refused_login():
    bench = logged_in(LIVE)
    bench.broker.want("AAPL")
    answer = bench.submit(submit())
    assert not answer.accepted
    assert "not a paper account" in answer.reason
    assert not bench.cancel_all()[0].accepted
    assert not bench.cancel()[0].accepted
    bench.pass_s(60)
    assert bench.flush() == []


def test_the_right_login_gets_ready():
    for accounts, settings in (
        ((PAPER,), {}),
        ((LIVE,), {"mode": "live", "live_account": LIVE}),
    ):
        bench = logged_in(*accounts, **settings)
        bench.answer_snapshot()
        assert bench.gateway.readiness() == ("READY", "")


def test_accounts_that_change_while_connected_end_trading_at_once():
    bench = Bench()
    bench.submit(submit())
    bench.receive(managed_accounts(LIVE))
    assert bench.flush() == []
    assert bench.gateway.readiness()[0] == "WAITING"
    bench.receive(managed_accounts(PAPER))
    bench.answer_snapshot()
    assert bench.gateway.readiness() == ("READY", "")


def test_a_login_corrected_in_tws_is_taken_after_the_reconnect():
    bench = logged_in(LIVE)
    bench.lose()
    bench.accounts = (PAPER,)
    bench.connect()
    bench.answer_snapshot()
    assert bench.gateway.readiness() == ("READY", "")


def configured(text: str, tmp_path) -> object:
    path = tmp_path / "tapewire.toml"
    path.write_text(text)
    return load(str(path))


def test_paper_is_the_default_and_live_takes_a_second_key(tmp_path):
    assert configured("", tmp_path).mode == "paper"
    config = configured(f'mode = "live"\nlive_account = "{LIVE}"', tmp_path)
    assert (config.mode, config.live_account) == ("live", LIVE)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('mode = "live"', "live_account is None, must be the id of a live account"),
        ('mode = "live"\nlive_account = ""', "live_account is '', must be"),
        (f'mode = "live"\nlive_account = "{PAPER}"', "live_account is 'DU***', must be"),
        ('mode = "real"', "mode is 'real', must be 'paper' or 'live'"),
    ],
)
def test_a_half_set_live_mode_is_refused(text: str, said: str, tmp_path):
    with pytest.raises(ConfigError, match=said.replace("*", r"\*")):
        configured(text, tmp_path)
