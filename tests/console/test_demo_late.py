"""A demo whose processes do not all start names those that did not."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tapewire.common.config.settings import Config
from tapewire.console import demo
from tapewire.console.group import status
from tapewire.console.group.supervisord import GroupError


def one(state: str, **more: Any) -> status.Status:
    return {**status.NOTHING, "state": state, "reason": "", "age_s": 0.0, **more}


STARTED = {
    "gateway": one("WAITING"),
    "executor": one("READY"),
    "risk": one("READY"),
    "strategy-a": one("READY"),
    "strategy-b": one("HALTED", stopped="b.py, line 3: 1 / 0"),
}


@pytest.fixture
def group(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(demo, "JOIN_TIMEOUT_S", 0)
    return SimpleNamespace(run_dir=Path("r"), config=Config(), broken=dict)


def test_a_group_that_waits_for_tws_alone_is_not_late(group, monkeypatch):
    names = [*group.config.logins().gateways]
    found = {**STARTED, **{name: one("WAITING") for name in names}}
    monkeypatch.setattr(status, "read", lambda _dir: found)
    assert demo.late(group, ["strategy-a", "strategy-b"]) == {}


def test_what_is_late_is_named_with_how_far_it_is(group, monkeypatch):
    names = [*group.config.logins().gateways]
    found = {**STARTED, **{name: one("WAITING") for name in names}}
    found["strategy-a"] = one("STARTING", reason="warming up")
    del found["executor"]
    monkeypatch.setattr(status, "read", lambda _dir: found)
    group.config = group.config.model_copy(update={"strategies": [SimpleNamespace(name="a")]})
    with pytest.raises(GroupError) as ended:
        demo._watch(group, group.config, 0, lambda _sentence: None)
    assert str(ended.value) == (
        "not all processes started within 0 s (executor: STARTING no status yet; strategy-a:"
        " STARTING warming up); a busy machine may need longer: try again when it is less so, or"
        " see the logs in r/logs"
    )
