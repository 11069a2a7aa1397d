"""How the recorder comes to be: what it listens to, and what it says where it cannot run."""

from types import SimpleNamespace
from typing import Any

import pytest

from tapewire.common.config.settings import Config, WebConfig
from tapewire.common.errors import ConfigError
from tapewire.console.group.supervisor import Group
from tapewire.recorder.composition import build, listens_to

INSTRUMENTS: Any = [{"symbol": "AAPL"}, {"symbol": "MSFT"}]


def config(tmp_path, **recorder: Any) -> Config:
    web = WebConfig(enabled=False)
    return Config(run_dir=tmp_path / "r", instruments=INSTRUMENTS, recorder=recorder, web=web)


def test_it_reads_the_ticks_of_all_instruments_and_what_each_broker_connection_reports(tmp_path):
    assert dict(listens_to(config(tmp_path))) == {
        "market": ["tick.AAPL", "tick.MSFT"],
        "broker": ["gateway"],
        "liquidation-broker": ["liquidation"],
    }


def test_it_reads_only_the_symbols_that_are_named(tmp_path):
    found = dict(listens_to(config(tmp_path, symbols=["MSFT"])))
    assert found["market"] == ["tick.MSFT"]


def test_with_several_logins_each_symbol_is_read_once(tmp_path):
    logins: Any = [
        {"name": "us", "accounts": ["U1"], "port": 7496},
        {"name": "eu", "accounts": ["U2"], "port": 7495, "instruments": ["MSFT"]},
    ]
    both = Config(run_dir=tmp_path / "r", instruments=INSTRUMENTS, gateways=logins)
    found = dict(listens_to(both))
    assert found["market.us"] == ["tick.AAPL", "tick.MSFT"]
    assert "market.eu" not in found
    assert {name for name in found if "broker" in name} == {
        "broker.us", "broker.eu", "liquidation-broker.us", "liquidation-broker.eu"
    }  # fmt: skip


def test_without_the_extra_it_says_what_to_install_and_ends(tmp_path, monkeypatch):
    monkeypatch.setattr("tapewire.common.extras.find_spec", lambda name: None)
    process: Any = SimpleNamespace(config=config(tmp_path, enabled=True))
    with pytest.raises(
        ConfigError, match=r"\[recorder\] enabled: pyarrow is not installed; .*data"
    ):
        build(process)


def test_one_that_nobody_wants_does_not_run(tmp_path):
    process: Any = SimpleNamespace(config=config(tmp_path))
    with pytest.raises(ConfigError, match=r"recorder\.enabled is false; expected true"):
        build(process)


def test_a_symbol_that_is_not_configured_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"recorder\.symbols.* is MSFX, which is not in"):
        config(tmp_path, symbols=["MSFX"])


def test_it_has_to_stop_before_trading_does(tmp_path):
    with pytest.raises(ValueError, match=r"free_halt_mb is 120; it must be at least the 150"):
        config(tmp_path, enabled=True, free_halt_mb=120)
    with pytest.raises(ValueError, match=r"free_resume_mb is 300; it must be above the 300"):
        config(tmp_path, free_halt_mb=300, free_resume_mb=300)


@pytest.mark.parametrize("enabled", [True, False])
def test_the_group_has_it_where_it_is_enabled(tmp_path, enabled):
    group = Group(config(tmp_path, enabled=enabled))
    assert ("recorder" in group.names()) == enabled
    group._write_sections(print)
    section = group.run_dir / "programs" / "recorder.conf"
    assert section.exists() == enabled
    if enabled:
        assert "-m tapewire.recorder --launched " in section.read_text()
        assert "\npriority = 45\n" in section.read_text()
        assert group.names()[-1] == "recorder"
