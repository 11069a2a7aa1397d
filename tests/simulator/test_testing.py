"""The fixture that ships with Tapewire, for the tests of others."""

import os
import signal
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


def test_one_that_ends_by_itself_says_how_and_what_it_reported_last(tmp_path):
    log = tmp_path / "simulator.log"
    with pytest.raises(RuntimeError, match="ended by itself with status -6") as ended:
        _aborted(log=log)
    assert "Fatal Python error: Aborted" in str(ended.value)
    assert "Fatal Python error: Aborted" in log.read_text()


def test_or_it_is_a_note_to_what_failed_because_of_it():
    with pytest.raises(KeyError) as failed:
        _aborted(KeyError())
    assert "ended by itself with status -6" in failed.value.__notes__[0]


def test_one_that_a_test_stops_has_not_ended_by_itself():
    with SimulatedTws() as running:
        running.stop()


def _aborted(error: Exception | None = None, **settings: object) -> None:
    """A simulator that is killed behind the back of whoever started it."""
    with SimulatedTws(**settings) as running:
        os.kill(running._process.pid, signal.SIGABRT)
        running._process.wait()
        with pytest.raises(RuntimeError, match="ended by itself"):
            running.command({"do": "list"})
        if error is not None:
            raise error
