"""What docs/simulator.md shows is run as it is written."""

import json
import shlex
import subprocess
import sys

import pytest

from tapewire.simulator.faults.commands import answer
from tapewire.simulator.faults.scenario import scenario_of
from tests.markdown import blocks
from tests.places import ROOT

DOCUMENT = ROOT / "docs" / "simulator.md"
PORT = "7497"
(SCENARIO,) = blocks(DOCUMENT, "toml")
COMMANDS = [line for block in blocks(DOCUMENT, "sh") for line in block.lines]


def test_the_scenario_is_one_that_this_tws_can_play(tws):
    scenario = scenario_of(SCENARIO.text, "night.toml")
    tws.server.faults.play(scenario)
    assert len(tws.server.faults.armed()) == len(scenario.entries) == SCENARIO.text.count("[[")


@pytest.mark.parametrize("line", COMMANDS)
def test_the_commands_start_a_simulator(tmp_path, line):
    (tmp_path / "night.toml").write_text(SCENARIO.text)
    words = shlex.split(line.replace(PORT, "0"))
    assert words[0] == "python"
    process = subprocess.Popen(
        [sys.executable, *words[1:]], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    try:
        assert "listening on" in process.stdout.readline()
    finally:
        process.terminate()
        assert process.wait(10) == 0
        process.stdout.close()


def test_the_client_trades(run_simulator, wait_until):
    block, _ = blocks(DOCUMENT, "python")
    assert PORT in block.text
    names = {}
    exec(block.text.replace(PORT, str(run_simulator().port)), names)
    try:
        wait_until(names["trade"].isDone, names["ib"].sleep)
    finally:
        names["ib"].disconnect()


def test_the_example_of_a_test_passes(tmp_path):
    _, block = blocks(DOCUMENT, "python")
    (tmp_path / "test_mine.py").write_text(block.text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mine.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_the_control_port_takes_what_is_shown(tws):
    (block,) = blocks(DOCUMENT, "json")
    answers = [json.loads(answer(tws.server.faults, line.encode())) for line in block.lines]
    assert all(one["ok"] for one in answers)
