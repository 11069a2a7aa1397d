"""A filter that can match nothing lists what is known; one that matches nothing yet says so."""

import pytest

from tapewire.console.group.supervisor import Group

STRATEGY = "tapewire: --strategy is 'dpi', which is not known; did you mean dip? Known: dip, other"
SYMBOL = "tapewire: --symbol is 'appl', which is not known; did you mean AAPL? Known: AAPL, ESZ6"
UNKNOWN = {
    ("orders", "--strategy", "dpi"): STRATEGY,
    ("fills", "--strategy", "dpi"): STRATEGY,
    ("blotter", "--strategy", "dpi"): STRATEGY,
    ("orders", "--symbol", "appl"): SYMBOL,
    ("fills", "--symbol", "appl"): SYMBOL,
    ("blotter", "--symbol", "appl"): SYMBOL,
    ("positions", "--symbol", "appl"): SYMBOL,
    ("orders", "--account", "DU9"): (
        "tapewire: --account is 'DU9', which is not known; did you mean DU1?"
    ),
    ("orders", "--strategy", "dip-2"): (
        "tapewire: --strategy is 'dip-2', which is not known; did you mean dip? Known: dip, other"
    ),
    ("events", "--type", "denied"): (
        "tapewire: --type is 'denied', which is not known; did you mean order.denied?"
    ),
    ("events", "--source", "gate"): (
        "tapewire: --source is 'gate', which is not known; did you mean gateway?"
        " Known: executor, gateway, liquidation, risk"
    ),
    ("tail", "tick.AAPLE"): (
        "tapewire: TOPIC is 'tick.AAPLE', which is not known; did you mean tick.AAPL?"
    ),
}


@pytest.mark.parametrize("as_json", [[], ["--json"]], ids=["text", "json"])
@pytest.mark.parametrize(("arguments", "said"), UNKNOWN.items(), ids=map(" ".join, UNKNOWN))
def test_an_unknown_name_is_refused(tapewire, run_dir, arguments, said, as_json):
    ended = tapewire(*arguments, *as_json)
    assert (ended.status, ended.out, ended.err) == (2, "", f"{said}\n")


NONE_YET = {
    ("orders", "--strategy", "idle"): "no orders of idle yet",
    ("orders", "--strategy", "idle-2"): "no orders of idle-2 yet",
    ("orders", "--live", "--strategy", "other"): "no live orders of other",
    ("orders", "--live", "--strategy", "other", "--account", "DU1"): (
        "no live orders of other in account DU1"
    ),
    ("orders", "--symbol", "MSFT"): "no orders in MSFT yet",
    ("fills", "--strategy", "idle", "--symbol", "AAPL"): "no fills of idle in AAPL yet",
    ("blotter", "--strategy", "idle"): "no orders of idle yet",
    ("positions", "--symbol", "MSFT"): "no positions in MSFT yet",
}


@pytest.fixture
def idle(config):
    """A strategy and a symbol that are configured, and nothing has come of them."""
    with config.open("a") as file:
        file.write('[[instruments]]\nsymbol = "MSFT"\n')
        file.write('[[strategies]]\nname = "idle"\nstrategy = "a.b:C"\n')


@pytest.mark.parametrize(("arguments", "said"), NONE_YET.items(), ids=map(" ".join, NONE_YET))
def test_a_configured_name_without_events_is_no_error(tapewire, run_dir, idle, arguments, said):
    ended = tapewire(*arguments)
    assert (ended.status, ended.out.splitlines()[0], ended.err) == (0, said, "")


def test_what_was_traded_is_known_even_if_it_is_no_longer_configured(tapewire, run_dir, idle):
    found = tapewire("orders", "--strategy", "other", "--json").json["orders"]
    assert [one["intent_id"] for one in found] == ["dip-e-3/1"]


def test_a_type_without_events_is_no_error(tapewire, run_dir):
    ended = tapewire("events", "--type", "order.lost", "--type", "connection.")
    assert (ended.status, ended.out) == (0, "")
    assert ended.err == "no events of order.lost, connection. yet\n"
    assert tapewire("events", "--from", "2030-01-01").err == "no events in that time\n"


def test_every_journaled_event_is_a_known_type(tapewire, run_dir):
    for name in {one["event"] for one in tapewire("events", "--json").lines}:
        assert tapewire("events", "--type", name, "--json").lines
    assert tapewire("events", "--type", "quote").status == 2, "ticks are in no journal"


def test_tail_says_that_no_group_runs(tapewire, run_dir):
    ended = tapewire("tail", "tick.AAPL", "--seconds", "0")
    assert ended.status == 0
    assert ended.err.startswith(f"no group runs in {run_dir}; listening until one starts\n")
    assert "no group" not in tapewire("tail", "--seconds", "0", "--json").err


def test_tail_warns_about_symbols_that_no_strategy_reads(tapewire, run_dir, monkeypatch):
    monkeypatch.setattr(Group, "is_up", lambda _: True)
    (run_dir / "status").mkdir()
    (run_dir / "status" / "gateway.json").write_text('{"ts_ns": 1, "tick_seqs": {"AAPL": 5}}')
    warning = "no strategy reads ESZ6 now; ticks start once one does\n"
    assert tapewire("tail", "tick.ESZ6", "--seconds", "0").err.startswith(warning)
    for topic in ("tick.A", "tick.", "last.AAPL", "gateway"):
        assert "no strategy" not in tapewire("tail", topic, "--seconds", "0").err


def test_a_symbol_is_text_and_not_markup(tapewire, run_dir, config):
    config.write_text(config.read_text().replace('"ESZ6"', '"[bold]"'))
    ended = tapewire("orders", "--symbol", "[bold]x")
    assert "--symbol is '[bold]x', which is not known; did you mean [bold]?" in ended.err
