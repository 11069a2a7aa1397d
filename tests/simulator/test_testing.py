"""The fixture that ships with Tapewire, for the tests of others."""

import socket

import ib_async
import pytest

from tapewire.testing import SimulatedTws, tws
from tests.simulator.ib_async_client import connect

__all__ = ["tws"]
SCENARIO = """
[[faults]]
what = "rejected"
on_order = 1
code = 201
text = "margin"
"""


@pytest.mark.parametrize("tws", [{"seed": 7, "symbols": "TSLA"}], indirect=True)
def test_a_test_has_a_simulator_with_the_parameters_that_it_names(tws):
    ib = connect(tws, 1)
    assert len(ib.reqContractDetails(ib_async.Stock("TSLA", "SMART"))) == 1
    assert ib.reqContractDetails(ib_async.Stock("NVDA", "SMART")) == []
    ib.disconnect()
    with pytest.raises(ValueError, match="'rest' is not a known fault"):
        tws.inject("rest")


def test_it_plays_a_scenario_and_leaves_nothing_behind(tmp_path):
    (tmp_path / "night.toml").write_text(SCENARIO)
    with SimulatedTws(scenario=tmp_path / "night.toml") as running:
        listed = running.command({"do": "list"})
        assert "rejected" in str(listed)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", running.port), 1)


def test_one_that_does_not_start_says_why(tmp_path):
    with pytest.raises(RuntimeError, match=r"absent\.toml"):
        SimulatedTws(scenario=tmp_path / "absent.toml")
