"""`all`: one object or one table of all benchmarks, the machine named, the worst exit status."""

import argparse
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tapewire.benchmarks import __main__ as command
from tapewire.benchmarks.load import host, machine
from tapewire.benchmarks.load.children import BenchmarkError
from tapewire.benchmarks.options import seconds
from tapewire.benchmarks.report.figures import goal

MACHINE = {"cpu", "cores", "kernel", "python", "pyzmq", "libzmq", "load_average_before"}


class Made:
    """A benchmark that measures nothing."""

    def __init__(self, name: str, faults: list[str], error: str = "") -> None:
        self.name, self.faults, self.error = name, faults, error

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--seconds", type=seconds, default=1.0)

    def measure(self, _options: argparse.Namespace) -> dict[str, Any]:
        if self.error:
            raise BenchmarkError(self.error)
        goals = [goal("ticks", 5.0, "/s", least=4)]
        return {"benchmark": self.name, "goals": goals, "faults": self.faults}


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> dict[str, Made]:
    found = {name: Made(name, []) for name in command.KNOWN}
    monkeypatch.setattr(command, "_load", found.__getitem__)
    return found


@pytest.mark.usefixtures("made")
def test_it_is_one_object_with_the_machine_and_each_benchmark(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command.main(["all", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert set(figures) == {"machine", "took_s", "benchmarks", "faults"}
    assert set(figures["machine"]) == MACHINE
    assert list(figures["benchmarks"]) == list(command.KNOWN)
    assert all(one["machine"] == figures["machine"] for one in figures["benchmarks"].values())


def test_a_fault_and_a_benchmark_that_does_not_start_are_told_and_end_with_1(
    made: dict[str, Made], capsys: pytest.CaptureFixture[str]
) -> None:
    made["tws"].faults = ["a tick is missing"]
    made["latency"].error = "gateway ended with status 1"
    assert command.main(["all", "--json"]) == 1
    figures = json.loads(capsys.readouterr().out)
    assert figures["faults"] == ["tws: a tick is missing", "latency: gateway ended with status 1"]


@pytest.mark.usefixtures("made")
def test_for_a_person_it_names_the_machine_above_the_table(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command.main(["all"]) == 0
    told = capsys.readouterr().out
    assert f"{host.described()['cpu']}, {host.described()['cores']} cores, Linux" in told
    assert "load average before" in told
    assert told.index("load average") < told.index("goals")


def test_the_folder_has_all_figures_also_where_latency_did_not_start(
    made: dict[str, Made], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made["latency"].error = "gateway ended with status 1"
    assert command.main(["all", "--json", "--plot", str(tmp_path)]) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["figures.json"]
    written = json.loads((tmp_path / "figures.json").read_text())
    assert written == json.loads(capsys.readouterr().out)


def test_the_cpu_time_of_a_process_is_the_kernels_own_count() -> None:
    before = machine.cpu_s(os.getpid())
    while machine.cpu_s(os.getpid()) == before:
        pass
    with pytest.raises(OSError, match="Invalid argument"):
        machine.cpu_s(2**22 + 1)  # above the kernel's highest process id


def test_help_names_every_benchmark(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in (*command.KNOWN, "all"))


def test_a_name_that_is_no_benchmark_is_answered_with_those_that_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command.main(["speed"]) == 2
    assert "speed is not a benchmark; expected one of: throughput" in capsys.readouterr().err
