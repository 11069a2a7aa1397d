"""NewsWindow: no new risk around the times of a file, and the errors for a file that is wrong."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tapewire.common.clock import Now
from tapewire.common.errors import ConfigError
from tapewire.common.events import EVERYTHING, ComboLeg, Scope
from tapewire.risk.monitor import RiskMonitor
from tests.risk.orders import SECOND, book, denial, entry, hold, monitor, order

CSV = """at,minutes_before,minutes_after,symbols,name
2026-12-10T14:00:00-05:00,10,20,,FOMC
2026-12-11T08:30:00-05:00,,,ES NQ,CPI
"""
TOML = """
[[windows]]
name = "FOMC"
at = 2026-12-10T14:00:00-05:00
minutes_before = 10
minutes_after = 20

[[windows]]
name = "CPI"
start = "2026-12-11T08:25:00-05:00"
end = "2026-12-11T08:35:00-05:00"
symbols = ["ES", "NQ"]
"""


def at(text: str) -> Now:
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return Now(int(moment.timestamp() * 1000) * 1_000_000, 50 * SECOND)


@pytest.fixture(params=["csv", "toml"])
def news(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"news.{request.param}"
    path.write_text(CSV if request.param == "csv" else TOML)
    return path


def ruled(path: Path, scope: Scope = EVERYTHING, **parameters: object) -> RiskMonitor:
    return monitor(rules=book(entry("NewsWindow", scope=scope, file=str(path), **parameters)))


# ---- windows -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "passes"),
    [
        ("2026-12-10T18:49:59.999", True),
        ("2026-12-10T18:50:00", False),
        ("2026-12-10T19:00:00", False),
        ("2026-12-10T19:19:59.999", False),
        ("2026-12-10T19:20:00", True),
    ],
)
def test_a_window_has_its_start_in_it_and_not_its_end(news: Path, moment: str, passes: bool):
    assert (denial(ruled(news), order(), at(moment)) == "") == passes


def test_a_denial_names_the_window_and_its_end(news: Path):
    assert denial(ruled(news), order(), at("2026-12-10T19:00:00")) == (
        "NewsWindow: FOMC lasts until 2026-12-10 19:20:00 UTC, and this order could add risk in"
        " AAPL"
    )


def test_a_window_of_some_symbols_is_theirs_alone(news: Path):
    one, moment = ruled(news), at("2026-12-11T13:30:00")
    assert "CPI lasts until" in denial(one, order(symbol="ES"), moment)
    assert denial(one, order(), moment) == ""
    legs = (ComboLeg("AAPL", 1, "BUY"), ComboLeg("NQ", 1, "SELL"))
    assert "risk in NQ" in denial(one, order(symbol="AAPL - NQ", legs=legs), moment)


def test_an_exit_passes_in_a_window(news: Path):
    one, moment = ruled(news), at("2026-12-10T19:00:00")
    hold(one, 10)
    assert denial(one, order("a", "SELL", 10), moment) == ""
    assert denial(one, order("a", "SELL", 11), moment) != ""
    assert denial(one, order("a", "SELL", 10, account="DU2"), moment) != ""


@pytest.mark.parametrize(
    ("scope", "elsewhere"),
    [
        (Scope("DU1"), {"account": "DU2"}),
        (Scope(strategy="s"), {"strategy": "other"}),
        (Scope(symbol="AAPL"), {"symbol": "MSFT"}),
    ],
)
def test_it_is_about_its_scope_alone(news: Path, scope: Scope, elsewhere: dict):
    one, moment = ruled(news, scope), at("2026-12-10T19:00:00")
    assert denial(one, order(), moment) != ""
    assert denial(one, order(**elsewhere), moment) == ""


def test_a_short_window_inside_a_long_one_does_not_end_it(tmp_path: Path):
    path = tmp_path / "news.csv"
    path.write_text(
        "start,end\n2026-12-10 08:00Z,2026-12-10 20:00Z\n2026-12-10 09:00Z,2026-12-10 09:01Z\n"
    )
    assert denial(ruled(path), order(), at("2026-12-10T19:00:00")) != ""


def test_minutes_and_a_zone_may_be_those_of_the_rule(tmp_path: Path):
    path = tmp_path / "news.csv"
    path.write_text("at\n2026-12-10T14:00:00\n")
    one = ruled(path, minutes_before=1, minutes_after=0, zone="America/New_York")
    for moment, passes in (("18:58:59", True), ("18:59:00", False), ("19:00:00", True)):
        assert (denial(one, order(), at(f"2026-12-10T{moment}")) == "") == passes


def test_the_file_is_read_once(news: Path):
    one = ruled(news)
    news.unlink()
    assert denial(one, order(), at("2026-12-10T19:00:00")) != ""


# ---- files that are wrong ------------------------------------------------------------------------

LINES = {
    "day,end": "news.csv:1: column 'day' is not known; expected one of: at, end, minu",
    "at\ntomorrow": "news.csv:2: at is 'tomorrow'; expected a time such as 2026-12-10T14:00",
    "at\n2026-12-10T14:00": "news.csv:2: at is 2026-12-10T14:00, which has no offset; expected",
    "at\n\n2026-12-10T14:00Z,5": "news.csv:3: it has more fields than the header",
    "start,end\n2026-12-10T14:00Z,": "news.csv:2: found start; expected start and end, or at",
    "start,at\n2026-12-10T14:00Z,2026-12-10T14:00Z": "news.csv:2: found at, start; expected",
    "start,end\n2026-12-10T14:00Z,2026-12-10T14:00Z": "news.csv:2: the window ends when it begins",
    "at,minutes_after\n2026-12-10T14:00Z,-5": "news.csv:2: minutes_after is '-5'; expected minutes",
    "at": "news.csv has no windows; expected at least one",
    "": "news.csv has no windows; expected at least one",
}
ENTRIES = {
    "[[windows]]\nat = 5": "news.toml:1: at is 5; expected a time such as",
    '[[windows]]\nat = 2026-12-10T14:00:00Z\n\n[[windows]]\natt = "x"': (
        "news.toml:4: att is not known; did you mean at?"
    ),
    '[[windows]]\nat = 2026-12-10T14:00:00Z\nsymbols = "ES"': "news.toml:1: symbols is 'ES'; expe",
    "[[windows]]\nat = soon": "news.toml: line 2: at = soon: text must be in quotes",
    "[windows]\nat = 2026-12-10T14:00:00Z": "windows must be written as a [[windows]] table",
    "[[window]]\nat = 2026-12-10T14:00:00Z": "news.toml: window is not known; expected [[windows]]",
}


@pytest.mark.parametrize(("text", "said"), LINES.items(), ids=LINES)
def test_a_csv_file_that_is_wrong_is_refused_with_its_line(text: str, said: str, tmp_path: Path):
    refused(tmp_path / "news.csv", text, said)


@pytest.mark.parametrize(("text", "said"), ENTRIES.items(), ids=ENTRIES)
def test_a_toml_file_that_is_wrong_is_refused_with_its_line(text: str, said: str, tmp_path: Path):
    refused(tmp_path / "news.toml", text, said)


def refused(path: Path, text: str, said: str) -> None:
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        ruled(path)
    assert said in str(caught.value)


def test_a_file_that_is_not_there_or_of_another_kind_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"news\.csv cannot be read: .*No such file"):
        ruled(tmp_path / "news.csv")
    with pytest.raises(ConfigError, match=r"news\.txt must be a \.csv or a \.toml file"):
        ruled(tmp_path / "news.txt")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"zone": "Mars/Base"}, "zone is 'Mars/Base'; expected a time zone"),
        ({"minutes_before": -1}, "minutes_before is -1"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(news: Path, wrong: dict, said: str):
    with pytest.raises(ConfigError, match=said):
        ruled(news, **wrong)
