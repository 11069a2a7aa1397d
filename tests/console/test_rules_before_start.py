"""Risk rules and order types that cannot be loaded: refused before anything is started."""

from pathlib import Path

import pytest

from tapewire.console.group.supervisor import Group

FAULTS = {
    '"MaxContractPerInstrument"\nparameters = { limit = 5 }': (
        "rule is 'MaxContractPerInstrument', which is neither a rule nor module:Class;"
        " did you mean MaxContractsPerInstrument?"
    ),
    '"MaxContractsPerInstrument"\nparameters = { limt = 5 }': (
        "parameters.limt is not known; did you mean limit?"
    ),
    '"MaxContractsPerInstrument"\nparameters = { limit = -5 }': (
        "ValueError: MaxContractsPerInstrument limit is -5; it must be"
    ),
}
STRATEGY = (
    '[[strategies]]\nname = "dip"\nstrategy = "tapewire.strategy.examples.momentum:Momentum"\n'
)
HINT = "use --run-dir to name the group, if one runs\n"
GOOD = '[[risk.rules]]\nrule = "MaxContracts"\nparameters = { limit = 5 }\n'


@pytest.fixture
def ticks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file for those commands that need one. Nothing may be started."""

    def refuse(*_: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(Group, "_spawn", refuse)
    path = tmp_path / "ticks.csv"
    path.write_text("ts,symbol,price\n2026-11-20T14:30:00Z,AAPL,100\n")
    return str(path)


@pytest.mark.parametrize("command", ["up", "run", "demo", "backtest"])
@pytest.mark.parametrize(("entry", "sentence"), FAULTS.items(), ids=["rule", "name", "value"])
def test_a_rule_that_cannot_be_loaded_is_refused_once(
    tapewire, config, ticks, command, entry, sentence
):
    config.write_text(f"{config.read_text()}{STRATEGY}{GOOD}[[risk.rules]]\nrule = {entry}\n")
    needs_file = command in ("demo", "backtest")
    ended = tapewire(command, *(["--ticks", ticks] if needs_file else []))
    assert ended.status == 2
    assert ended.err.count(f"[[risk.rules]] number 2: {sentence}") == 1


def test_an_order_type_that_cannot_be_loaded_is_refused(tapewire, config, ticks):
    config.write_text(f'{config.read_text()}{STRATEGY}[orders]\ntypes = ["no_such_module:REL"]\n')
    ended = tapewire("up")
    assert ended.status == 2
    assert ended.err.startswith("tapewire: orders.types[0] is no_such_module:REL, but it cannot be")


def test_a_broken_rule_does_not_keep_the_brake_from_being_read(tapewire, config, run_dir):
    config.write_text(f'{config.read_text()}[[risk.rules]]\nrule = "Nothing"\n')
    ended = tapewire("halt")
    assert "no group runs" in ended.err


def test_of_a_file_that_is_nested_too_deeply_the_brake_says_so(tapewire, config):
    config.write_text(f"a = {'[' * 5000}\n")
    ended = tapewire("halt")
    assert ended.err.endswith("nested too deeply; expected TOML in UTF-8\n" + HINT)
