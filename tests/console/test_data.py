"""What `tapewire data` prints: each number with all of its digits."""

import pytest

from tapewire.common.events import HistoryBar, OptionChain
from tapewire.console.commands import data

BAR = HistoryBar(1_763_980_200_000_000_000, 151.2345, 97123.25, 0.000001, 6012.0, 12_345_678.0)


def test_prices_and_volumes_are_printed_with_all_their_digits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(data, "_asked", lambda *_: [BAR])
    data.history("AAPL")
    assert (
        capsys.readouterr().out == "2025-11-24T10:30:00Z 151.2345 97123.25 0.000001 6012 12345678\n"
    )


def test_strikes_are_printed_with_all_their_digits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    chain = OptionChain("CME", "ES", "50", ("20261218",), (1234.375, 10_000_000.0))
    monkeypatch.setattr(data, "_asked", lambda *_: [chain])
    data.chain("ES")
    assert capsys.readouterr().out.endswith("strikes 1234.375 10000000\n")
