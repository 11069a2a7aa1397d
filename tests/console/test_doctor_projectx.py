"""`tapewire doctor` of a login at ProjectX: the client's interpreter and the key, and no TWS."""

import runpy
import sys

import pytest

from tapewire.common.config.settings import Config
from tapewire.console.doctor import broker, projectx
from tapewire.console.doctor.finding import Finding
from tapewire.gateway.projectx.stream import LINK

MES = {"symbol": "MESZ6", "sec_type": "FUT", "exchange": "CME", "multiplier": 5, "min_tick": 0.25}
LOGIN = {"name": "topstep", "kind": "projectx", "accounts": ["1"], "user": "jane"}


def checked(*, simulated: bool = False, **given: object) -> dict[str, Finding]:
    config = Config(
        simulator={"enabled": simulated}, gateways=[{**LOGIN, **given}], instruments=[MES]
    )
    return {one.check: one for one in broker.check(config, 20)}


@pytest.fixture
def interpreter(tmp_path):
    """`interpreter("exit 3")`: a program that stands in for a Python."""

    def make(script: str) -> str:
        path = tmp_path / "python"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o700)
        return str(path)

    return make


def test_no_tws_is_looked_for_and_a_missing_key_and_client_are_failures():
    found = checked(python="/no/such/python")
    assert [*found] == ["ProjectX client at topstep", "API key at topstep", "login at topstep"]
    assert found["ProjectX client at topstep"].found == (
        "cannot run /no/such/python: No such file or directory; python in the [[gateways]] entry"
        " must be an interpreter of Python 3.12 or newer that has project-x-py"
    )
    key = found["API key at topstep"]
    assert (key.ok, key.found.partition(";")[0]) == (False, "gateways.topstep has no API key")
    assert found["login at topstep"].ok is None


def test_with_the_groups_own_simulator_no_key_is_needed(interpreter):
    found = checked(simulated=True, python=interpreter("echo"), user="")
    assert found["ProjectX client at topstep"].ok
    assert found["API key at topstep"].ok is None


def test_a_key_is_found_and_not_shown(interpreter, monkeypatch):
    monkeypatch.setenv("A_KEY", "secret")
    found = checked(python=interpreter("echo"), key_env="A_KEY")["API key at topstep"]
    assert found == Finding("API key at topstep", True, "of jane, in the environment as A_KEY")


def test_an_interpreter_without_the_client_says_what_to_do(interpreter):
    lacking = runpy.run_path(str(LINK))["lacking"]()
    expected = lacking or f"{sys.executable} has project-x-py"
    found = projectx.client(sys.executable, 20)
    assert (found.ok, found.found) == (not lacking, expected)
    found = projectx.client(interpreter("echo no module >&2; exit 3"), 20)
    assert found.found.endswith("python cannot run the client: no module")
    found = projectx.client(interpreter("exec sleep 9"), 0.1)
    assert found.found.endswith("has not started in 0.1 s")
