"""`tapewire orders buy`, `sell`, `modify` and `cancel` against a running group."""

import json
from decimal import Decimal

from tests.pipeline.running import Running, tapewire

FAR = ("--limit", "1.00", "--yes", "--json")  # it rests, wherever the market is


def test_a_person_buys_modifies_and_cancels(shared: Running):
    ended = tapewire("orders", "buy", "AAPL", "3", *FAR)
    assert ended.returncode == 0, ended.stderr + ended.stdout
    bought = json.loads(ended.stdout)
    assert (bought["ok"], bought["state"], bought["filled"]) == (True, "ACCEPTED", "0")
    assert Decimal(bought["what_if"]["commission"]) > 0
    intent_id = bought["intent_id"]
    (shown,) = [o for o in _live() if o["intent_id"] == intent_id]
    assert (shown["strategy"], shown["symbol"], shown["quantity"]) == ("manual", "AAPL", "3")

    ended = tapewire("orders", "modify", intent_id, "--quantity", "2", "--yes", "--json")
    assert ended.returncode == 0, ended.stderr + ended.stdout
    smaller = json.loads(ended.stdout)
    assert (smaller["state"], smaller["what_if"]) == ("MODIFIED", None), "nothing to ask about"
    (shown,) = [o for o in _live() if o["intent_id"] == intent_id]
    assert shown["quantity"] == "2"

    ended = tapewire("orders", "modify", intent_id, "--limit", "1.01", "--yes", "--json")
    assert ended.returncode == 0, ended.stderr + ended.stdout
    assert Decimal(json.loads(ended.stdout)["what_if"]["initial_margin"]) > 0

    ended = tapewire("orders", "cancel", intent_id, "--yes", "--json")
    assert ended.returncode == 0, ended.stderr + ended.stdout
    assert json.loads(ended.stdout)["state"] == "CANCELLED"
    assert [o for o in _live() if o["intent_id"] == intent_id] == []


def test_a_combo_goes_to_the_broker_as_one_order_and_is_cancelled(shared: Running):
    ended = tapewire(
        "orders", "buy", "AAPL - 2 MSFT", "1", "--limit", "-9999", "--yes", "--json"
    )  # it rests
    assert ended.returncode == 0, ended.stderr + ended.stdout
    bought = json.loads(ended.stdout)
    assert (bought["state"], bought["filled"]) == ("ACCEPTED", "0")
    assert Decimal(bought["what_if"]["commission"]) > 0
    (shown,) = [o for o in _live() if o["intent_id"] == bought["intent_id"]]
    assert (shown["symbol"], shown["limit"]) == ("AAPL - 2 MSFT", "-9999")
    assert [(leg["symbol"], leg["side"]) for leg in shown["legs"]] == [
        ("AAPL", "BUY"), ("MSFT", "SELL"),
    ]  # fmt: skip
    ended = tapewire("orders", "cancel", bought["intent_id"], "--yes", "--json")
    assert json.loads(ended.stdout)["state"] == "CANCELLED", ended.stderr + ended.stdout


def test_what_is_bought_at_the_market_is_filled_and_can_be_sold(shared: Running):
    for side in ("buy", "sell"):
        ended = tapewire("orders", side, "AAPL", "1", "--yes", "--no-what-if")
        assert ended.returncode == 0, ended.stderr + ended.stdout
        assert " is FILLED, 1 filled at " in ended.stdout


def test_what_the_executor_denies_is_said_with_status_1(shared: Running):
    much = ("orders", "buy", "AAPL", "100000", "--limit", "1", "--yes", "--no-what-if")
    ended = tapewire(*much)  # more than any position that it could reduce
    assert ended.returncode == 1
    assert "is DENIED: MaxContractsPerInstrument: AAPL could get " in ended.stdout


def test_what_the_broker_would_reject_is_not_sent(shared: Running):
    ended = tapewire("orders", "buy", "AAPL", "1", "--limit", "1.001", "--yes", "--json")
    assert ended.returncode == 1
    assert "the broker would not take it: " in json.loads(ended.stdout)["text"]


def test_nothing_is_sent_without_a_confirmation(shared: Running):
    ended = tapewire("orders", "buy", "AAPL", "1", "--limit", "1.00")
    assert ended.returncode == 2
    assert "orders buy needs a confirmation and there is no terminal; use --yes" in ended.stderr


def _live() -> list[dict[str, str]]:
    found = tapewire("orders", "list", "--live", "--json")
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)["orders"]
