"""`tapewire risk test`: what the configured rules would have done about a day that is over."""

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from tapewire.common.events import (
    EVERYTHING,
    Event,
    Fill,
    OrderFilled,
    OrderIntended,
    OrderTerms,
    PositionReported,
    RiskResumed,
    Side,
)
from tapewire.console.records import exported
from tapewire.console.records.journals import Journals
from tests.backtest.made import CONFIG, ticks
from tests.console.journaled import ACCOUNT, MS, T0, order, write
from tests.console.running import Tapewire

S = 1000 * MS
LIMIT = '[[risk.rules]]\nrule = "MaxContracts"\nparameters = {{ limit = {} }}\n'
LOSS = '[[risk.rules]]\nrule = "UnrealizedLoss"\nparameters = { limit = 50 }\n'


def traded(
    number: int, at_s: int, side: Side, quantity: int, held: int, price: str = "100"
) -> list[Event]:
    """An order, its execution a moment later, and the position that the broker reports then."""
    at_ns = T0 + at_s * S
    wanted = order(number, at_s * 1000, OrderTerms(side, Decimal(quantity)))
    filled = Fill(
        at_ns + MS, ACCOUNT, f"e{number}", "1", "AAPL", side, Decimal(quantity),
        Decimal(price), wanted.intent_id, "dip",
    )  # fmt: skip
    reported = PositionReported(at_ns + 2 * MS, ACCOUNT, "AAPL", Decimal(held), Decimal(100))
    over = OrderFilled(at_ns + 2 * MS, ACCOUNT, wanted.intent_id)
    return [OrderIntended(at_ns, str(number), wanted), filled, over, reported]


@pytest.fixture
def day(run_dir: Path) -> Path:
    """6 bought, 6 more two seconds later, all sold after ten, and 6 bought after twenty."""
    shutil.rmtree(run_dir / "journals")
    (run_dir / "journals").mkdir(mode=0o700)
    start = PositionReported(T0, ACCOUNT, "AAPL", Decimal(0), Decimal(0))
    events = [
        start, *traded(1, 1, "BUY", 6, 6), *traded(2, 3, "BUY", 6, 12, "90"),
        *traded(3, 10, "SELL", 12, 0), *traded(4, 20, "BUY", 6, 6),
    ]  # fmt: skip
    write(run_dir, "gateway", events)
    return run_dir


def rules(config: Path, *texts: str) -> None:
    config.write_text(config.read_text() + "".join(texts))


def words(out: str) -> list[str]:
    return [line.split("  ", 1)[1] for line in out.splitlines() if not line.startswith(" ")]


def test_what_would_have_been_denied_and_halted_is_printed_with_its_time_and_cause(
    tapewire: Tapewire, day: Path, config: Path
) -> None:
    rules(config, LIMIT.format(10))
    ended = tapewire("risk", "test", str(day))
    lines = ended.out.splitlines()
    assert ended.status == 0
    assert lines[0].startswith("2026-11-20T11:32:21.000000Z  denied: account=DU1")
    assert "MaxContracts" in lines[0]
    assert "intent_id=dip-e-2/1" in lines[0]
    assert lines[1].startswith("2026-11-20T11:32:21.000000Z  risk 1  violation: account DU1, Max")
    assert lines[2].split()[:3] == ["because", "of", "order.intended"]
    assert lines[3].split()[0] == "halt"
    assert lines[4].split() == ["outcome", "still", "in", "force"]
    assert f"{lines[5]}\n" == (
        "1 violation, 1 halt and 1 denied order on 17 events; nothing was changed or sent\n"
    )


def test_rules_that_hold_would_have_done_nothing(
    tapewire: Tapewire, day: Path, config: Path
) -> None:
    rules(config, LIMIT.format(100))
    ended = tapewire("risk", "test", str(day / "journals"))
    assert ended.out.startswith("no violations, no halts and no denied orders on 17 events")


def test_a_price_that_stays_is_seen_for_as_long_as_nothing_else_is_traded(
    tapewire: Tapewire, day: Path, config: Path
) -> None:
    rules(config, LOSS)
    found = tapewire("risk", "test", str(day), "--json").lines
    (violation,) = [one for one in found if one["event"] == "risk.violation"]
    assert violation["fields"]["rule"] == "UnrealizedLoss"
    assert T0 + 3 * S < violation["ts_ns"] < T0 + 6 * S, "confirmed, and before it was sold"


def test_a_flatten_is_over_once_the_journals_have_nothing_more_to_close(
    tapewire: Tapewire, day: Path, config: Path
) -> None:
    rules(config, LIMIT.format(10) + 'enforcement = "flatten"\n')
    first, *_ = [
        one
        for one in tapewire("risk", "test", str(day), "--json").lines
        if one["event"] == "risk.violation"
    ]
    (over,) = [one for one in first["outcome"] if one["event"] == "risk.flatten.completed"]
    assert T0 + 10 * S <= over["ts_ns"] <= T0 + 11 * S
    assert first["orders"] == []


def test_a_position_that_is_only_reduced_is_told_as_that(
    tapewire: Tapewire, day: Path, config: Path
) -> None:
    rules(config, LIMIT.format(10) + 'enforcement = "reduce"\n')
    found = tapewire("risk", "test", str(day), "--json").lines
    over = [
        one["fields"]["keep"]
        for decision in found
        for one in decision.get("outcome", ())
        if one["event"] == "risk.flatten.completed"
    ]
    assert over == ["6", "10"], "the order was to be cancelled, and what it filled closed"


def test_a_person_who_resumed_that_day_has_resumed_here_too(
    tapewire: Tapewire, day: Path, config: Path
) -> None:
    rules(config, LIMIT.format(10))
    write(day, "risk", [RiskResumed(T0 + 15 * S, EVERYTHING, "go on", "ann")])
    _, violation = tapewire("risk", "test", str(day), "--json").lines
    assert [one["event"] for one in violation["outcome"]] == ["risk.resumed"]
    assert violation["open"] is False


def test_what_was_before_counts_and_is_not_decided_about(
    tapewire: Tapewire, day: Path, config: Path
) -> None:
    rules(config, LIMIT.format(5))
    found = tapewire("risk", "test", str(day), "--json", "--from", "2026-11-20T11:32:20").lines
    assert all(one["ts_ns"] >= T0 + 2 * S for one in found)
    assert {one["event"] for one in found} == {"order.denied", "risk.violation"}
    early = tapewire("risk", "test", str(day), "--json", "--to", "2026-11-20T11:32:18.5").lines
    assert early == []


def test_exported_events_are_the_same_as_the_journals(
    tapewire: Tapewire, day: Path, config: Path, tmp_path: Path
) -> None:
    rules(config, LIMIT.format(10))
    file = tmp_path / "day.jsonl"
    file.write_text(tapewire("events", "--json").out)
    with Journals(day) as found:
        assert [*exported.read(file)] == [*found.until()]
    whole = tapewire("risk", "test", str(day)).out
    assert whole
    assert tapewire("risk", "test", str(file)).out == whole


def test_every_event_of_the_journals_can_be_exported_and_read_again(
    tapewire: Tapewire, run_dir: Path, tmp_path: Path
) -> None:
    file = tmp_path / "day.jsonl"
    file.write_text(tapewire("events", "--json").out)
    with Journals(run_dir) as found:
        assert [*exported.read(file)] == [*found.until()]


def test_what_is_none_of_these_is_refused(
    tapewire: Tapewire, day: Path, tmp_path: Path, config: Path
) -> None:
    assert "neither a run directory" in tapewire("risk", "test", str(tmp_path / "no")).err
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"event": "no.such"}\n')
    ended = tapewire("risk", "test", str(broken))
    assert ended.status == 2
    assert "broken.jsonl:1: " in ended.err


def test_nothing_is_changed(tapewire: Tapewire, day: Path, config: Path) -> None:
    rules(config, LIMIT.format(10))
    before = {path: path.read_bytes() for path in (day / "journals").glob("*.sqlite")}
    tapewire("risk", "test", str(day))
    assert {path: path.read_bytes() for path in (day / "journals").glob("*.sqlite")} == before


def test_on_ticks_the_group_runs_in_a_back_test_and_the_rules_bind(
    tapewire: Tapewire, config: Path, tmp_path: Path
) -> None:
    text = CONFIG.replace("limit = 1000", "limit = 150")
    config.write_text(config.read_text().partition("[[instruments]]")[0] + text)
    found = tapewire("risk", "test", str(ticks(tmp_path)), "--json").lines
    assert {one["event"] for one in found} == {"order.denied"}
    assert all("MaxContractsPerInstrument" in one["fields"]["reason"] for one in found)
