"""What `tapewire data` prints: each number with all of its digits."""

import json
import time
from decimal import Decimal

import pytest

from tapewire.common.errors import ConfigError
from tapewire.common.events import HistoryBar, OptionChain
from tapewire.common.events.account_queries import PortfolioRow
from tapewire.common.events.scans import ScanPage
from tapewire.console.commands import data, data_accounts, data_queries, data_scan

BAR = HistoryBar(1_763_980_200_000_000_000, 151.2345, 97123.25, 0.000001, 6012.0, 12_345_678.0)


def test_prices_and_volumes_are_printed_with_all_their_digits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(data_queries, "asked", lambda *_: [BAR])
    data.history("AAPL")
    assert (
        capsys.readouterr().out == "2025-11-24T10:30:00Z 151.2345 97123.25 0.000001 6012 12345678\n"
    )


def test_strikes_are_printed_with_all_their_digits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    chain = OptionChain("CME", "ES", "50", ("20261218",), (1234.375, 10_000_000.0))
    monkeypatch.setattr(data_queries, "asked", lambda *_: [chain])
    data.chain("ES")
    assert capsys.readouterr().out.endswith("strikes 1234.375 10000000\n")


def test_tables_show_each_number_whole_however_wide_they_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    rows = [
        PortfolioRow("DU1", "AAPL  261218C00150000", Decimal("-1234567"), Decimal("15012.345678")),
        PortfolioRow(
            "DU1", "AAPL", Decimal(1), None, Decimal(150), Decimal(150), Decimal(0), "USD"
        ),
    ]
    monkeypatch.setattr(data_queries, "asked", lambda *_: rows)
    data_accounts.portfolio()
    assert capsys.readouterr().out.splitlines() == [
        "account symbol                quantity average_cost price value unrealised currency",
        "DU1     AAPL  261218C00150000 -1234567 15012.345678     -     -          - -",
        "DU1     AAPL                         1            -   150   150          0 USD",
    ]
    data_accounts.portfolio(as_json=True)
    first, _ = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["quantity"], first["price"]) == ("-1234567", None)


def test_a_ranking_is_shown_with_its_age_and_nothing_by_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    page = ScanPage(1, "q", (), taken_ns=time.time_ns() - 7_500_000_000)
    monkeypatch.setattr(data_queries, "pages", lambda *_: [page])
    data_scan.scan("MOST_ACTIVE")
    assert capsys.readouterr().out == "as of 7 s ago\nno contract passes\n"


def test_a_scan_that_no_gateway_could_read_is_refused_here(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(ConfigError, match="there is no such scan"):
        data_scan.scan("MOST ACTIVE")
