"""Order types from outside the tree: loaded by dotted name, and used like any other."""

import subprocess
import sys
from decimal import Decimal

import pytest

from tapewire.common.config import settings
from tapewire.common.config.order_types import load_order_types
from tapewire.common.errors import ConfigError
from tapewire.common.events import ORDER_TYPES, OrderTerms, terms_fault, type_for
from tests.markdown import blocks
from tests.places import ROOT

CONFIGURATION = ROOT / "docs" / "configuration.md"
(KIND,) = (b.text for b in blocks(CONFIGURATION, "python") if "OrderKind" in b.text)
(ENTRY,) = (b.text for b in blocks(CONFIGURATION, "toml") if "[orders]" in b.text)


@pytest.fixture(autouse=True)
def _as_before(monkeypatch, tmp_path):
    """What a test loads is gone after it, its module too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    known = dict(ORDER_TYPES)
    yield
    ORDER_TYPES.clear()
    ORDER_TYPES.update(known)
    for name in ("own.types", "own"):
        sys.modules.pop(name, None)


def write(tmp_path, text: str) -> None:
    (tmp_path / "own").mkdir(exist_ok=True)
    (tmp_path / "own" / "types.py").write_text(text)


def test_the_type_of_the_docs_is_used_like_any_other(tmp_path):
    write(tmp_path, KIND)
    (tmp_path / "tapewire.toml").write_text(ENTRY)
    load_order_types(settings.load().orders.types)
    relative = OrderTerms("BUY", Decimal(10), "REL", limit_offset=Decimal("0.02"))
    assert terms_fault(relative) == ""
    assert terms_fault(OrderTerms("BUY", Decimal(10), "REL")) == (
        "a REL order has no limit_offset price; it needs one"
    )
    assert ORDER_TYPES["REL"].worst_price(relative, Decimal(100)) == Decimal("100.02")


def test_prices_alone_still_mean_the_plain_types(tmp_path):
    write(tmp_path, KIND)
    load_order_types(["own.types:RELATIVE"])
    assert type_for(["limit"]) == "LMT"
    assert type_for(["limit", "limit_offset"]) == "REL"


def test_loaded_twice_it_is_one(tmp_path):
    write(tmp_path, KIND)
    load_order_types(["own.types:RELATIVE", "own.types:RELATIVE"])
    assert list(ORDER_TYPES)[-1] == "REL"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("X = 5", "which is not a tapewire.common.events.OrderKind"),
        ("Y = 5", "it cannot be loaded: AttributeError"),
        ('X = OrderKind("MKT")', "there is an order type MKT already"),
        ('X = OrderKind("")', "it must have 1 to 20 ASCII characters"),
        ('X = OrderKind("X", {"price": "lmtPrice"})', "it has a price price; the prices are"),
        ('X = OrderKind("X", {}, frozenset({"stop"}))', "it names stop, which is not in its"),
    ],
)
def test_what_cannot_be_an_order_type_is_refused_with_its_entry(tmp_path, text: str, says: str):
    write(tmp_path, f"from tapewire.common.events import OrderKind\n{text}\n")
    with pytest.raises(ConfigError, match=r"orders\.types\[0\] is own\.types:X") as refused:
        load_order_types(["own.types:X"])
    assert says in str(refused.value)


def test_a_process_that_cannot_load_one_does_not_start(tmp_path):
    (tmp_path / "tapewire.toml").write_text('run_dir = "r"\n[orders]\ntypes = ["own.types:X"]\n')
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "tapewire.risk"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 2
    assert "orders.types[0] is own.types:X, but it cannot be loaded" in ended.stderr
