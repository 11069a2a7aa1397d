"""The rule of docs/configuration.md: found in the calling folder, denies orders, and is broken."""

import sys
from decimal import Decimal

import pytest

from tapewire.common.config import settings
from tapewire.common.config.windows import load_windows
from tapewire.common.errors import ConfigError
from tapewire.common.events import ORDER_TYPES
from tapewire.risk.rules import RuleBook, load_rules
from tapewire.risk.rules.rulebook import shipped
from tests.markdown import blocks
from tests.places import ROOT
from tests.risk.orders import NOW, SECOND, fill, monitor, order

CONFIGURATION = ROOT / "docs" / "configuration.md"
(RULE,) = (b.text for b in blocks(CONFIGURATION, "python") if "risk.rules" in b.text)
(ENTRY,) = (b.text for b in blocks(CONFIGURATION, "toml") if "rules.losses" in b.text)


@pytest.fixture
def rules(tmp_path, monkeypatch) -> RuleBook:
    """Loaded as a process loads it that was started in the folder: `-P` leaves it off the path."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "losses.py").write_text(RULE)
    (tmp_path / "tapewire.toml").write_text(ENTRY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield load_rules(settings.load().risk.rules)
    for name in ("rules.losses", "rules"):
        sys.modules.pop(name, None)


def test_the_rule_of_the_docs_denies_orders_after_a_loss_and_is_enforced_as_configured(rules):
    (rule,) = rules.rules
    assert (rule.name, rule.parameters.limit) == ("MaxLossPerDay", 500)
    assert rule.enforcement.measures == ("flatten",)
    one = monitor(rules=rules)
    bought, sold = order("a", "BUY", 10), order("b", "SELL", 10)
    one.on_broker(fill(bought, 10, "1.1"))
    assert rules.denial(sold, one.view.at(NOW)) == ""
    one.on_broker(fill(sold, 10, "2.1", price=Decimal("49.99")))
    sentence = "the account lost 500.10 today, the limit is 500"
    assert rules.denial(sold, one.view.at(NOW)) == sentence
    assert [type(event).__name__ for event in one.check(NOW)] == [
        "RiskViolation", "RiskHalted", "FlattenStarted",
    ]  # fmt: skip


def test_the_news_of_the_docs_can_be_read(tmp_path):
    (csv,) = blocks(CONFIGURATION, "csv")
    file = tmp_path / "news.csv"
    file.write_text(csv.text)
    first, second = load_windows(file, 5, 5)
    assert (first.name, first.symbols) == ("FOMC", ())
    assert (first.end_ns - first.start_ns) == 40 * 60 * SECOND
    assert (second.name, second.symbols) == ("CPI", ("ESZ6", "NQZ6"))
    assert (second.end_ns - second.start_ns) == 10 * 60 * SECOND


def test_a_file_in_the_calling_folder_cannot_stand_in_for_an_installed_module(
    tmp_path, monkeypatch
):
    (tmp_path / "msgspec.py").write_text("raise SystemExit\n")
    (tmp_path / "tapewire.toml").write_text('[[risk.rules]]\nrule = "msgspec:Struct"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(ConfigError, match="not a class of"):
        load_rules(settings.load().risk.rules)


def test_what_another_framework_s_user_is_told_of_is_counted():
    page = (ROOT / "docs" / "coming-from.md").read_text()
    assert f"| {len(shipped())} [rules]" in page
    words = {10: "ten", 11: "eleven", 12: "twelve", 13: "thirteen"}
    assert f"[{words[len(ORDER_TYPES)]} types]" in page


@pytest.mark.parametrize("name", shipped())
def test_each_rule_is_in_the_configuration_s_page(name: str):
    assert name in CONFIGURATION.read_text()
