"""The group of a back-test is built from the configuration that it was given, accounts included."""

from decimal import Decimal

import pytest

from tapewire.backtest import group
from tapewire.backtest.run import chosen, run
from tapewire.backtest.scan import Window, instruments_of, scan, trading
from tapewire.common import roles
from tapewire.common.config import settings as configuration
from tapewire.common.ticks.file import TickFile
from tapewire.common.ticks.rows import HEADER
from tests.backtest.made import SCRIPT, SECOND_NS, START_S, strategy, ticks, written

D = Decimal
SECTIONS = """
[executor]
retry_ms = 1234
[tws]
rate_max_per_s = 7
settle_ms = 300
[risk]
heartbeat_ms = 100
lease_ms = 9000
"""


def scripted(name: str, acts: str, *lines: str) -> str:
    return strategy(name, SCRIPT, f"parameters = {{ acts = {{ {acts} }} }}", *lines)


CONFIGURED = SECTIONS + scripted("script", '"10.02" = 1', 'delivery = "latest"')


def two_accounts(second: str) -> str:
    """One strategy in DU1 that buys 100 and sells 300 of them, and one that buys 10 later."""
    return (
        '[[risk.rules]]\nrule = "MaxContractsPerInstrument"\nparameters = { limit = 1000 }\n'
        + scripted("one", '"10.02" = 100, "10.22" = -300', 'account = "DU1"')
        + scripted("two", '"10.32" = 10', second)
    )


@pytest.fixture
def given(tmp_path):
    def given(text):
        return configuration.load(str(written(tmp_path, "own.toml", [text])))

    return given


@pytest.fixture
def world(tmp_path, given):
    """The world of a configuration, before any tick."""

    def world(text):
        config, file = given(text), TickFile(ticks(tmp_path))
        found = scan(file, Window())
        strategies = trading(config, chosen(config, []), found.ticks)
        derived = group.derived(config, instruments_of(found, config), strategies)
        settings, rows = group.simulator_settings(derived), file.rows(None, None)
        return group.build(derived, rows, found.first_ns, 0, lambda _: None, settings)

    return world


def test_the_configuration_reaches_the_virtual_services(world):
    built = world(CONFIGURED)
    assert built.service(roles.EXECUTOR).executor._unanswered._interval_ns == 1234 * 10**6
    for role in roles.GATEWAYS:
        core = built.service(role).gateway
        assert core.broker.outbox.pace._rate_max == 7
        assert core.sync._settle_ns == 300 * 10**6
    assert built.service(roles.strategy_role("script"))._piled is not None


def test_heartbeat_and_lease_are_the_back_tests_own_and_no_foreign_orders_are_asked_for(given):
    config = given(CONFIGURED)
    derived = group.derived(config, [], config.strategies)
    assert (derived.risk.heartbeat_ms, derived.risk.lease_ms) == (1000, 9000)
    shorter = given("[risk]\nlease_ms = 600\n")
    assert group.derived(shorter, [], []).risk.lease_ms == 4000
    assert derived.risk.rules == config.risk.rules
    alone = {"open_orders_ms": 0, "tick_by_tick_every_s": 0}
    assert derived.tws == config.tws.model_copy(update=alone)
    for section in ("executor", "storage", "bus", "strategies"):
        assert getattr(derived, section) == getattr(config, section)


def test_the_file_that_a_group_would_play_is_not_the_market_of_a_back_test(given):
    """Else a strategy would be warmed up to where that file begins."""
    playing = given('[simulator]\nenabled = true\nticks = "other.csv"\nopens = "09:30 UTC"\n')
    assert playing.simulator.plays_file
    derived = group.derived(playing, [], [])
    assert (derived.simulator.plays_file, derived.simulator.opens) == (False, "09:30 UTC")


def test_the_accounts_are_those_that_strategies_name_else_those_of_the_simulator(given):
    both, one = given(two_accounts('account = "DU2"')), given(two_accounts(""))
    assert group.simulator_settings(both).accounts == ("DU1", "DU2")
    assert group.simulator_settings(one).accounts == ("DU1",)
    unnamed = given('[simulator]\naccounts = ["DU7"]\n' + CONFIGURED)
    assert group.simulator_settings(unnamed).accounts == ("DU7",)


def test_a_slow_pace_to_tws_leaves_time_to_join(tmp_path, given):
    config = given("[tws]\nrate_max_per_s = 1\n" + scripted("idle", ""))
    lines = [
        f"{(START_S + second) * SECOND_NS},S{n},{1 + second},{2 + second},1,1,,"
        for second in range(2)
        for n in range(60)
    ]
    file = TickFile(written(tmp_path, "many.csv", [HEADER, *lines]))
    outcome = run(file, Window(), config, [], say=lambda _text: None)
    assert outcome.figures["faults"] == []
    sides_per_row = 2
    assert outcome.figures["ticks_received"] == {"strategy-idle": 2 * 60 * sides_per_row}


def test_two_accounts_have_positions_of_their_own(tmp_path, given):
    config = given(two_accounts('account = "DU2"'))
    outcome = run(TickFile(ticks(tmp_path)), Window(), config, [], say=lambda _text: None)
    figures, results = outcome.figures, outcome.results
    assert figures["faults"] == []
    assert (figures["position_difference"], figures["pnl_difference"]) == ("0", "0")
    assert {(f.account, f.strategy) for f in results.fills} == {("DU1", "one"), ("DU2", "two")}
    by_name = {row.strategy: row for row in results.rows}
    assert (by_name["one"].position, by_name["two"].position) == (D(-200), D(10))
    # in one account the 10 would have closed a part of the short, at a loss of 1.20
    assert figures["realised"] == "18"
