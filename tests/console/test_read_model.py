"""The read model: what journals, statuses and ticks add up to, as tables of rows."""

import itertools
from decimal import Decimal
from pathlib import Path

import pytest

from tapewire.common import roles
from tapewire.common.bus import wire
from tapewire.common.clock import Now
from tapewire.common.config.settings import Config, InstrumentConfig, StrategyConfig
from tapewire.common.events import (
    Fill,
    Greeks,
    OrderCreated,
    OrderDenied,
    Quote,
    RiskHalted,
    Trade,
)
from tapewire.console.group import launch
from tapewire.console.model import deltas
from tapewire.console.model.blotter_rows import ENDED_MAX
from tapewire.console.model.curve import POINTS_MAX, Curve, CurvePoint
from tapewire.console.model.group import GroupModel
from tapewire.console.model.prices import BODIES_MAX, GREEKS, Prices
from tapewire.console.model.reading import Reading
from tapewire.console.records.journals import Entry
from tests.console import journaled
from tests.console.journaled import EVENTS, MS, T0

NOW = Now(T0 + 1000 * MS, 1)
READY = {"state": "READY", "reason": "", "ended": "", "age_s": 0, "pid": 1}
RISK = {
    **READY, "trading": "ACTIVE", "halted_ns": 0, "flatten": "", "held": [], "halts": [],
    "earned": {"USD": {"realised": "0", "unrealised": "12.5", "fees": "0"}},
    "positions": [
        {"account": "DU1", "symbol": "AAPL", "quantity": "11", "mark": "101", "unrealised": "9"},
    ],
    "headroom": [
        {"rule": "MaxNotional", "account": "DU1", "symbol": "", "used": "90", "limit": "100",
         "unit": "USD"},
        {"rule": "Unknown", "account": "DU1", "symbol": "", "used": None, "limit": "1", "unit": ""},
    ],
}  # fmt: skip


def config(run_dir: Path = Path("run")) -> Config:
    return Config(
        run_dir=run_dir,
        instruments=(InstrumentConfig(symbol="AAPL"), InstrumentConfig(symbol="ESZ6")),
        strategies=(StrategyConfig(name="dip", strategy="a:B"),),
    )


def model(events: dict[str, list[object]] = EVENTS) -> GroupModel:
    made = GroupModel("desk", config())
    entries = [
        Entry(event.ts_ns, source, seq, event)
        for source, journal in events.items()
        for seq, event in enumerate(journal, 1)
    ]
    for entry in sorted(entries, key=lambda one: (one.ts_ns, one.source)):
        made.apply(entry)
    made.is_caught_up = True
    return made


def test_orders_and_fills_are_those_of_the_commands() -> None:
    tables = model().tables(NOW)
    assert {key: row["state"] for key, row in tables["orders"].items()}["dip-e-1/1"] == "FILLED"
    assert tables["orders"]["dip-e-2/1"]["live"]
    assert tables["fills"]["0000a.01"]["price"] == "100.1"
    assert tables["fills"]["0000a.01"]["strategy"] == "dip"
    assert tables["fills"]["0000b.01"]["strategy"] is None


def test_a_table_without_news_is_the_same_object() -> None:
    made = model()
    before, after = made.tables(NOW), made.tables(NOW + 1)
    for name in ("orders", "fills", "events", "decisions"):
        assert before[name] is after[name]


def test_a_correction_takes_the_place_of_its_fill() -> None:
    made = model()
    made.tables(NOW)
    corrected = journaled.fill("0000a.01.02", 14, 4, "100.30", "dip-e-1/1")
    made.apply(Entry(T0 + 900 * MS, "gateway", 99, corrected))
    rows = made.tables(NOW)["fills"]
    assert (rows["0000a.01"]["exec_id"], rows["0000a.01"]["price"]) == ("0000a.01.02", "100.3")
    assert len(rows) == 3


def test_a_position_has_the_mark_of_risk_while_both_agree_on_the_quantity() -> None:
    made = model()
    made.on_statuses({"risk": RISK}, ["risk"], NOW)
    row = made.tables(NOW)["positions"]["DU1 AAPL"]
    assert (row["quantity"], row["mark"], row["unrealised"]) == ("11", "101", "9")
    behind = {**RISK, "positions": [{**RISK["positions"][0], "quantity": "10"}]}
    made.on_statuses({"risk": behind}, ["risk"], NOW)
    assert made.tables(NOW)["positions"]["DU1 AAPL"]["unrealised"] is None


def test_the_day_is_what_was_realised_less_fees_with_what_is_open() -> None:
    made = model()
    made.on_statuses({"risk": RISK}, ["risk"], NOW)
    (day,) = made.tables(NOW)["desk"]["day"]
    assert (day["currency"], day["unrealised"], day["fees"]) == ("USD", "12.5", "1")
    assert Decimal(day["net"]) == Decimal(day["realised"]) - Decimal(1) + Decimal("12.5")


def test_a_new_trading_day_begins_at_nothing() -> None:
    made = model()
    assert made.tables(NOW)["desk"]["day"][0]["executions"] == 3
    tomorrow = NOW + 24 * 3600 * 1000 * MS
    assert made.tables(tomorrow)["desk"]["day"] == []


def test_a_strategy_has_its_own_positions_and_earnings() -> None:
    made = model()
    made.on_statuses({"strategy-dip": {**READY, "signals": 3, "topics": {"AAPL": {}}}},
                     ["strategy-dip"], NOW)  # fmt: skip
    row = made.tables(NOW)["strategies"]["dip"]
    assert row["positions"] == {"AAPL": "10"}
    assert (row["state"], row["signals"], row["symbols"]) == ("READY", 3, ["AAPL"])
    assert row["today"]["USD"]["executions"] == 2


def test_a_limit_of_which_the_use_is_not_known_comes_first() -> None:
    made = model()
    made.on_statuses({"risk": RISK}, ["risk"], NOW)
    rows = list(made.tables(NOW)["headroom"].values())
    assert [row["share"] for row in rows] == [None, 0.9]


def test_warnings_name_what_is_wrong_the_worst_first() -> None:
    made = model()
    died = {**READY, "ended": "process 7 died"}
    statuses = {"risk": RISK, "executor": died, "strategy-dip": {**READY, "missed": {"AAPL": 2}}}
    made.on_statuses(statuses, list(statuses), NOW)
    found = [(row["level"], row["text"]) for row in made.tables(NOW)["warnings"].values()]
    assert found[0] == ("bad", "executor is ENDED: process 7 died")
    assert ("warn", "strategy-dip missed 2 messages of ticks") in found
    assert ("warn", "MaxNotional DU1: 90 of 100 USD used") in found


def test_a_halt_of_everything_is_a_warning_that_says_so() -> None:
    one = model()
    halted = {**RISK, "state": "HALTED", "reason": "lunch", "headroom": []}
    one.on_statuses({"risk": halted}, ["risk"], NOW)
    found = one.tables(NOW)["warnings"]["process risk"]
    assert (found["level"], found["text"]) == ("bad", "risk is HALTED: lunch")


def test_while_the_past_is_read_a_warning_says_that_figures_are_not_complete() -> None:
    made = model()
    made.is_caught_up = False
    assert "figures are not complete" in made.tables(NOW)["warnings"]["loading"]["text"]


def test_rates_are_what_the_counters_grew_by() -> None:
    made = model()
    for count, now in ((1000, NOW), (1500, NOW + 500 * MS)):
        gateway = {**READY, "counters": {"ticks_published": count}}
        made.on_statuses({"gateway": gateway}, ["gateway"], now)
    assert made.tables(NOW)["desk"]["rates"]["ticks"] == 1000


def test_the_newest_orders_are_kept_and_every_live_one() -> None:
    made = GroupModel("desk", config())
    working = journaled.order(10_000, 1)
    made.apply(Entry(T0, "executor", 1, OrderCreated(T0, "s", working)))
    for number in range(1, 700):
        order = journaled.order(number, 1)
        made.apply(Entry(T0, "executor", 2 * number, OrderCreated(T0, "s", order)))
        denied = OrderDenied(T0, "DU1", "dip", "gateway", "no", order.intent_id)
        made.apply(Entry(T0, "gateway", number, denied))
    rows = made.tables(NOW)["orders"]
    assert working.intent_id in rows
    assert journaled.order(699, 1).intent_id in rows
    assert len(rows) <= ENDED_MAX + 1


# ---- prices --------------------------------------------------------------------------------------


def message(symbol: str, seq: int, *ticks: Quote | Trade) -> list[bytes]:
    return [wire.topic(f"tick.{symbol}"), wire.encode_batch("gateway", "e", seq, ticks)]


def test_the_newest_quote_and_trade_are_found_among_many_messages() -> None:
    prices = Prices()
    for seq in range(1, 50):
        quote = Quote("AAPL", T0 + seq, 100.0 + seq, 1, 101.0 + seq, 1)
        prices.on_frames(message("AAPL", seq, quote))
    prices.on_frames(message("AAPL", 50, Trade("AAPL", T0 + 50, 7.0, 2)))
    assert prices.look(NOW) == {"AAPL"}
    row = prices.by_symbol["AAPL"].row()
    assert (row["bid"], row["last"], row["price"]) == (149.0, 7.0, 149.5)
    assert prices.look(NOW) == set()


def test_an_option_has_the_newest_greeks_of_the_model_and_other_symbols_have_none() -> None:
    prices = Prices()
    option, topic = "AAPL 261218C100", wire.topic("greeks.AAPL 261218C100")
    for seq, basis, delta in ((1, "model", 0.4), (2, "model", 0.512345678), (3, "bid", 0.9)):
        greeks = Greeks(option, T0 + seq, "computed", basis, 0.25, delta, 0.01, 0.2, -0.05)
        prices.on_frames([topic, wire.encode_batch("gateway", "e", seq, [greeks])])
    prices.on_frames([topic, b"\xc1", *message("AAPL", 1, Quote("AAPL", T0, 1.0, 1, 2.0, 1))])
    assert prices.look(NOW) == {option, "AAPL"}
    row = prices.by_symbol[option].row()
    assert {name: row[name] for name in GREEKS} == {
        "implied_vol": 0.25, "delta": 0.51235, "gamma": 0.01, "theta": -0.05, "vega": 0.2,
    }  # fmt: skip
    assert row["price"] is None
    assert not {*GREEKS} & {*prices.by_symbol["AAPL"].row()}
    assert prices.unreadable == 1


def test_a_message_that_is_no_tick_is_counted() -> None:
    prices = Prices()
    prices.on_frames([wire.topic("tick.AAPL"), b"\xc1"])
    assert prices.look(NOW) == set()
    assert prices.unreadable == 1


def test_a_trade_that_is_older_than_what_is_kept_leaves_the_last_one() -> None:
    prices = Prices()
    prices.on_frames(message("AAPL", 1, Trade("AAPL", T0, 7.0, 2)))
    prices.look(NOW)
    for seq in range(2, 3 + BODIES_MAX):
        prices.on_frames(message("AAPL", seq, Quote("AAPL", T0 + seq, 1.0, 1, 2.0, 1)))
    prices.look(NOW)
    assert prices.by_symbol["AAPL"].row()["last"] == 7.0


def test_a_second_has_one_price_its_last() -> None:
    prices = Prices()
    for seq, price in enumerate((1.0, 2.0, 3.0)):
        prices.on_frames(message("AAPL", seq, Trade("AAPL", T0 + seq, price, 1)))
        prices.look(NOW + (seq // 2) * 1000 * MS)
    assert [one.price for one in prices.by_symbol["AAPL"].points] == [2.0, 3.0]


# ---- the curve -----------------------------------------------------------------------------------


def test_drawdown_is_from_the_peak_of_the_day() -> None:
    curve = Curve()
    curve.begin(CurvePoint(n, Decimal(net)) for n, net in enumerate((10, 30, 5, 20)))
    assert (curve.peak, curve.drawdown, curve.drawdown_max) == (30, 10, 25)
    under = Curve()
    under.begin([CurvePoint(1, Decimal(-4))])
    assert under.drawdown == 4


def test_a_long_day_fits_and_keeps_its_newest_points() -> None:
    curve = Curve()
    for second in range(0, 5 * 20 * POINTS_MAX, 5):
        curve.see(second, Decimal(second))
    assert len(curve.points) <= POINTS_MAX
    assert curve.points[-1].second == 5 * 20 * POINTS_MAX - 5
    assert curve.points[0].second == 0


# ---- deltas --------------------------------------------------------------------------------------


def test_applied_deltas_give_the_newest_tables() -> None:
    states = [
        {"a": {"1": {"x": 1}, "2": {"x": 2}}},
        {"a": {"1": {"x": 1}, "3": {"x": 3}}, "b": {"k": None}},
        {"a": {}, "b": {"k": 0}},
    ]
    seen = deltas.applied({}, deltas.whole(states[0]))
    for before, after in itertools.pairwise(states):
        seen = deltas.applied(seen, deltas.between(before, after))
        assert seen == after


def test_nothing_new_is_an_empty_delta() -> None:
    tables = {"a": {"1": {"x": 1}}}
    assert deltas.between(tables, {"a": {"1": {"x": 1}}}) == {}


# ---- from a run directory ------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for source, events in EVENTS.items():
        (tmp_path / "journals").mkdir(exist_ok=True)
        journaled.write(tmp_path, source, events)
    (tmp_path / "status").mkdir()
    launch.keep(config(tmp_path), tmp_path)
    return tmp_path


def test_everything_is_rebuilt_from_the_journals_and_followed(folder: Path) -> None:
    reading = Reading("desk", config(folder))
    reading.look(NOW)
    assert reading.model.is_caught_up
    expected = model().tables(NOW)
    found = reading.model.tables(NOW)
    for name in ("orders", "fills", "decisions"):
        assert found[name] == expected[name]
    journaled.write(folder, "gateway", [journaled.fill("0000c.01.01", 950, 1, "1", None)])
    reading.look(NOW + 1)
    assert "0000c.01" in reading.model.tables(NOW + 1)["fills"]
    reading.close()


def test_a_journal_that_was_replaced_is_read_from_the_beginning(folder: Path) -> None:
    reading = Reading("desk", config(folder))
    reading.look(NOW)
    for path in (folder / "journals").glob("gateway.sqlite*"):
        path.rename(folder / path.name)
    journaled.write(folder, "gateway", [journaled.fill("0000d.01.01", 950, 1, "1", None)])
    reading.look(NOW + 300 * MS)
    fills: dict[str, Fill] = reading.model.tables(NOW)["fills"]
    assert list(fills) == ["0000a.01", "0000d.01"]  # the liquidation gateway's journal stays
    reading.close()


def test_a_damaged_journal_is_a_warning_and_the_rest_is_read_again_later(folder: Path) -> None:
    (folder / "journals" / "risk.sqlite").write_bytes(b"not a journal" * 100)
    reading = Reading("desk", config(folder))
    reading.look(NOW)
    assert "risk.sqlite" in reading.model.tables(NOW)["warnings"]["journals"]["text"]
    (folder / "journals" / "risk.sqlite").unlink()
    journaled.write(folder, roles.RISK, [e for e in EVENTS["risk"] if type(e) is RiskHalted])
    reading.look(NOW + 6_000 * MS)
    assert "journals" not in reading.model.tables(NOW)["warnings"]
    reading.close()


def test_a_process_of_a_far_host_has_a_row_that_says_where_it_runs():
    made = model()
    far = {**READY, "host": "far", "signals": 0, "topics": {}}
    made.on_statuses({"risk": RISK, "strategy-dip": far}, ["risk", "strategy-dip"], NOW)
    rows = made.tables(NOW)["processes"]
    assert (rows["risk"]["host"], rows["strategy-dip"]["host"]) == ("", "far")
