"""The alerts of `deploy/alerts.yml`: each can fire, is over again, and says what to do."""

import re
import subprocess
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.deploy.prometheus import PROMTOOL, needs_prometheus
from tests.places import ROOT

ALERTS = ROOT / "deploy" / "alerts.yml"
CASES = ROOT / "tests" / "deploy" / "alerts.test.yml"


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(ALERTS.read_text())["groups"]
    return list(group["rules"])


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(PROMTOOL), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@needs_prometheus
def test_each_alert_fires_alone_and_is_over_again():
    tested = promtool("test", "rules", str(CASES))
    assert tested.returncode == 0, tested.stdout + tested.stderr


@needs_prometheus
def test_the_configuration_is_one_that_prometheus_takes():
    checked = promtool("check", "config", str(ROOT / "deploy" / "prometheus.yml"))
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_each_alert_has_a_case_in_which_it_fires_and_one_in_which_it_is_over():
    fired = {
        case["name"]: case["promql_expr_test"]
        for case in yaml.safe_load(CASES.read_text())["tests"]
    }
    for rule in rules():
        on, off = fired[rule["alert"]]
        assert rule["alert"] in str(on["exp_samples"])
        assert off["exp_samples"] == []


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_an_alert_says_what_happened_and_what_to_do(rule: dict[str, Any]):
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert set(rule["annotations"]) == {"summary", "advice"}
    assert re.search(r"tapewire|TWS", rule["annotations"]["advice"])
