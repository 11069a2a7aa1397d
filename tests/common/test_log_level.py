"""The least level of what is logged."""

import json

import pytest
import structlog

from tapewire.common.runtime import logs

LEVELS = ["debug", "info", "warning", "error"]


@pytest.mark.parametrize("least", LEVELS)
def test_what_is_below_the_configured_level_is_not_logged(least, capsys: pytest.CaptureFixture):
    before = structlog.get_config()
    try:
        logs.configure("gateway")
        logs.set_level(least)
        log = structlog.get_logger()
        for level in LEVELS:
            getattr(log, level)("said", account="DU1234567")
        found = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    finally:
        structlog.configure(**before)
        structlog.contextvars.clear_contextvars()
    assert [one["level"] for one in found] == LEVELS[LEVELS.index(least) :]
    assert {one["account"] for one in found} == {"DU***"}
