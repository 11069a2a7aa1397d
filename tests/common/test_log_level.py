"""The least level of what is logged."""

import json
import logging

import pytest

from tapewire.common.runtime import logs

LEVELS = ["debug", "info", "warning", "error"]


@pytest.mark.usefixtures("logging_restored")
@pytest.mark.parametrize("least", LEVELS)
def test_what_is_below_the_configured_level_is_not_logged(least, capsys: pytest.CaptureFixture):
    logs.configure("gateway")
    logs.set_level(least)
    for level in LEVELS:
        getattr(logs.log, level)("said", account="DU1234567")
        logs.log.write(level, "said", account="DU1234567")
    found = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [one["level"] for one in found[::2]] == LEVELS[LEVELS.index(least) :]
    assert found[::2] == [{**one, "timestamp": found[2 * n]["timestamp"]}
                          for n, one in enumerate(found[1::2])]  # fmt: skip
    assert {one["account"] for one in found} == {"DU***"}


@pytest.mark.usefixtures("logging_restored")
def test_a_line_has_its_values_first_and_then_what_every_line_has(capsys: pytest.CaptureFixture):
    logs.configure("gateway")
    logs.log.info("U7654321 %d", pid=1, of=LEVELS, role=logs.Log)
    found = json.loads(capsys.readouterr().err)
    assert [*found] == ["pid", "of", "role", "event", "process", "level", "timestamp"]
    assert (found["pid"], found["of"], found["role"]) == (1, LEVELS, repr(logs.Log))
    assert (found["event"], found["process"], found["level"]) == ("U*** %d", "gateway", "info")
    assert found["timestamp"][-1] == "Z"


@pytest.mark.usefixtures("logging_restored")
def test_a_library_is_heard_from_a_warning_on(capsys: pytest.CaptureFixture):
    logs.configure("gateway")
    logging.getLogger("somebody").info("a detail")
    logging.getLogger("somebody").warning("a fault")
    assert capsys.readouterr().err == "a fault\n"
