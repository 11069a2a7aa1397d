"""`ledger export`, `ledger pnl`, and the blotter by day, beside what the simulator's books say."""

import csv
import random
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from tapewire.common.amounts import reported
from tapewire.common.events import Commission, Event, Fill, OrderIntended, OrderTerms, SubmitOrder
from tapewire.common.instruments import Instrument
from tapewire.simulator.exchange.account import Accounts
from tests.console.journaled import ACCOUNT, MS, OTHER_ACCOUNT, T0, fill, order, write
from tests.places import free_port

D = Decimal
DAY_NS = 86_400_000_000_000
INSTRUMENTS = [
    Instrument(symbol="AAPL"),
    Instrument(symbol="ESZ6", sec_type="FUT", multiplier=D(50)),
    Instrument(symbol="SAP", currency="EUR"),
]
OPENING = D(1_000_000)
IN_EUROS = "DU3"
ACCOUNTS = {ACCOUNT: ["AAPL", "ESZ6"], OTHER_ACCOUNT: ["AAPL"], IN_EUROS: ["SAP"]}
CURRENCY = {"AAPL": "USD", "ESZ6": "USD", "SAP": "EUR"}
TABLES = ["executions", "orders", "positions", "pnl", "cash"]
LEDGER_TOML = (
    '[trading_day]\nzone = "UTC"\nends = "00:00"\n[[instruments]]\nsymbol = "AAPL"\n'
    '[[instruments]]\nsymbol = "ESZ6"\nsec_type = "FUT"\nmultiplier = 50\n'
    '[[instruments]]\nsymbol = "SAP"\ncurrency = "EUR"\n'
)


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def total(rows: list[dict[str, str]], column: str, **where: str) -> Decimal:
    return sum((D(row[column]) for row in rows if all(row[k] == v for k, v in where.items())), D(0))


# ---- beside the broker ---------------------------------------------------------------------------


class Traded:
    """Random trades of two strategies over five days in three accounts, some of them corrected or
    busted later: as the journals have them, and as the simulator books them."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.accounts = Accounts(ACCOUNTS, INSTRUMENTS, OPENING)
        self.events: list[Event] = []
        self.fills: dict[str, Fill] = {}  # by what a correction has in common with it
        self.costs: dict[str, Commission] = {}
        for number in range(120):
            self._trade(number)
            if number % 7 == 6:
                self._correct(number)
        for account, books in self.accounts.books.items():
            books.rebook(self._booked(account))

    def _trade(self, number: int) -> None:
        rng, ts_ns = self.rng, T0 + number * DAY_NS // 30
        account = rng.choice([*ACCOUNTS])
        symbol = rng.choice(ACCOUNTS[account])
        strategy = rng.choice(["up", "down"])
        wanted = SubmitOrder(
            f"{strategy}-e-{number}/1", ts_ns, account, strategy, symbol,
            OrderTerms(rng.choice(["BUY", "SELL"]), D(rng.randint(1, 20))), ts_ns + DAY_NS,
        )  # fmt: skip
        done = Fill(
            ts_ns, account, f"x{number}.01", str(number), symbol, wanted.terms.side,
            wanted.terms.quantity, D(rng.randint(9000, 11000)) / 100, wanted.intent_id, strategy,
        )  # fmt: skip
        cost = Commission(ts_ns, account, done.exec_id, D("0.35"), CURRENCY[symbol])
        self.events += [OrderIntended(ts_ns, str(number), wanted), done, cost]
        self.fills[f"x{number}"], self.costs[f"x{number}"] = done, cost

    def _correct(self, now: int) -> None:
        """A day or so later the broker reports another price, or that there was no trade."""
        number = self.rng.randint(0, now)
        known = self.fills[f"x{number}"]
        version = int(known.exec_id.rpartition(".")[2]) + 1
        self.fills[f"x{number}"] = replace(
            known, ts_ns=T0 + now * DAY_NS // 30, exec_id=f"x{number}.{version:02d}",
            price=known.price + 1, quantity=self.rng.choice([D(0), known.quantity]),
        )  # fmt: skip
        self.events.append(self.fills[f"x{number}"])

    def _booked(self, account: str):
        for name, done in self.fills.items():
            if done.account == account:
                change = done.quantity if done.side == "BUY" else -done.quantity
                yield done.symbol, change, done.price, self.costs[name].amount


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "tapewire.toml"
    path.write_text(f'run_dir = "{tmp_path / "r"}"\n[tws]\nport = {free_port()}\n{LEDGER_TOML}')
    monkeypatch.setenv("TAPEWIRE_CONFIG", str(path))
    monkeypatch.setenv("COLUMNS", "80")
    return path


@pytest.fixture
def exported(tapewire, tmp_path):
    """`exported("pnl", "--symbol", "AAPL")`: the rows of a table's file."""

    def rows(what: str, *options: str) -> list[dict[str, str]]:
        path = tmp_path / f"{what}.csv"
        ended = tapewire("ledger", "export", "--what", what, "-o", str(path), *options)
        assert ended.status == 0, ended.err
        return read_csv(path)

    return rows


def journal(tmp_path: Path, events: list[Event]) -> None:
    """The gateway's journal with these events."""
    (tmp_path / "r" / "journals").mkdir(parents=True, mode=0o700)
    (tmp_path / "r").chmod(0o700)
    write(tmp_path / "r", "gateway", events)


@pytest.mark.parametrize("seed", range(3))
def test_the_tables_add_up_to_the_simulators_books(exported, tmp_path, seed):
    traded = Traded(seed)
    journal(tmp_path, traded.events)
    pnl, positions, cash, executions = map(exported, ("pnl", "positions", "cash", "executions"))
    assert len({row["day"] for row in pnl}) == 5
    assert len(executions) == len(traded.fills)
    for account, books in traded.accounts.books.items():
        for held in books.held():
            of = {"account": account, "symbol": held.instrument.symbol}
            assert total(positions, "quantity", **of) == held.quantity
            assert total(pnl, "commission", **of) == held.commission
            realised = total(pnl, "account_realised", **of)
            assert realised.quantize(D("0.01")) == reported(held.realised).quantize(D("0.01"))
            assert total(executions, "account_realised", **of).quantize(D("0.000001")) == (
                realised.quantize(D("0.000001"))
            )
        moved = total(cash, "change", account=account)
        assert abs(moved - (sum(books.balances.values()) - OPENING)) < D("0.01")
        currency = "EUR" if account == IN_EUROS else "USD"
        assert {row["currency"] for row in cash if row["account"] == account} == {currency}


def test_first_in_first_out_comes_to_the_same_once_all_is_closed(exported, tmp_path):
    events = [
        fill("a.01", 1, 10, "100", None),
        fill("b.01", 2, 10, "110", None),
        replace(fill("c.01", 3, 10, "120", None), side="SELL"),
        replace(fill("d.01", 4, 10, "115", None), side="SELL", ts_ns=T0 + DAY_NS),
    ]
    journal(tmp_path, events)
    average = [row["realised"] for row in exported("pnl")]
    fifo = [row["realised"] for row in exported("pnl", "--method", "fifo")]
    assert (average, fifo) == (["150", "100"], ["200", "50"])


def test_executions_and_orders_have_the_group_that_they_belong_to(exported, tmp_path):
    of_a_group = replace(order(1, 10), group_id="g-1")
    done = fill("a.01", 11, 10, "100", of_a_group.intent_id)
    journal(tmp_path, [OrderIntended(T0, "1", of_a_group), done, fill("b.01", 12, 1, "100", None)])
    assert [row["group_id"] for row in exported("orders")] == ["g-1"]
    assert [row["group_id"] for row in exported("executions")] == ["g-1", ""]


# ---- the files -----------------------------------------------------------------------------------


@pytest.fixture
def traded(tmp_path: Path) -> Traded:
    one = Traded(7)
    journal(tmp_path, one.events)
    return one


def test_rows_can_be_limited_to_a_part_and_to_days(exported, traded):
    every = exported("executions")
    part = exported("executions", "--account", ACCOUNT, "--strategy", "up", "--symbol", "AAPL")
    assert part == [
        row
        for row in every
        if (row["account"], row["strategy"], row["symbol"]) == (ACCOUNT, "up", "AAPL")
    ]
    days = exported("executions", "--from", "2026-11-21", "--to", "2026-11-22")
    assert days == [row for row in every if row["day"] in ("2026-11-21", "2026-11-22")]
    assert 0 < len(days) < len(every)


def test_positions_are_those_at_the_end_of_a_day(exported, traded):
    early = exported("positions", "--to", "2026-11-20")
    executed = exported("executions", "--to", "2026-11-20")
    bought = total(executed, "quantity", side="BUY") - total(executed, "quantity", side="SELL")
    assert total(early, "quantity") == bought


def test_positions_have_no_first_day(tapewire, traded, tmp_path):
    ended = tapewire(
        "ledger", "export", "--what", "positions", "--from", "today", "-o", str(tmp_path / "p")
    )
    assert ended.status == 2
    assert "positions are those at the end of a day; use --to" in ended.err


@pytest.mark.parametrize("what", TABLES)
def test_parquet_has_the_rows_of_the_csv(tapewire, exported, traded, tmp_path, what):
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "file.parquet"
    options = ("--what", what, "-o", str(path), "--json")  # the name says the format
    assert tapewire("ledger", "export", *options).json["rows"] > 0
    found = parquet.read_table(path).to_pylist()
    expected = exported(what)
    assert [*found[0]] == [*expected[0]]
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        for name, value in one.items():
            if isinstance(value, Decimal):
                assert value == D(other[name])
            elif isinstance(value, date) and name == "day":
                assert value.isoformat() == other[name]
            elif isinstance(value, str):
                assert value == other[name]


def test_parquet_without_its_library_is_refused_with_what_installs_it(
    tapewire, traded, tmp_path, monkeypatch
):
    monkeypatch.setattr("tapewire.common.extras.find_spec", lambda _name: None)
    path = tmp_path / "file.parquet"
    ended = tapewire("ledger", "export", "--format", "parquet", "-o", str(path))
    assert ended.status == 2
    assert "pyarrow is not installed; install it with: pip install 'tapewire[data]'" in ended.err
    assert not [*tmp_path.glob("*parquet*")]


def test_a_file_in_a_folder_that_is_missing_is_refused(tapewire, traded, tmp_path):
    ended = tapewire("ledger", "export", "-o", str(tmp_path / "none" / "f.csv"))
    assert ended.status == 2
    assert f"there is no folder {tmp_path / 'none'}" in ended.err


def test_an_export_of_nothing_has_its_columns(exported, tmp_path):
    journal(tmp_path, [])
    assert exported("pnl") == []
    header = (tmp_path / "pnl.csv").read_text().splitlines()
    assert header[0].startswith("day,account,strategy,symbol,currency,executions,bought")
    assert len(header) == 1


# ---- currencies ----------------------------------------------------------------------------------


def test_currencies_are_never_added_up_without_a_rate(tapewire, traded):
    found = tapewire("ledger", "pnl", "--json").json["totals"]
    assert set(found["net"]) == {"USD", "EUR"}
    ended = tapewire("ledger", "pnl", "--currency", "USD")
    assert ended.status == 2
    assert "there is no rate from EUR to USD; give one with --rate EUR=RATE" in ended.err


def test_with_a_rate_there_is_one_sum(tapewire, exported, traded):
    given = ("--currency", "USD", "--rate", "EUR=1.5")
    found = tapewire("ledger", "pnl", "--json", *given).json["totals"]
    expected = D(found["net"]["USD"]) + D("1.5") * D(found["net"]["EUR"])
    assert abs(D(found["net_USD"]) - expected) < D("1e-8")
    rows = exported("pnl", *given)
    assert abs(total(rows, "converted") - expected) < D("1e-7")
    assert "together" in tapewire("ledger", "pnl", *given).out


def test_the_configuration_has_rates_for_its_own_currency_alone(tapewire, traded, config):
    config.write_text(
        config.read_text().replace(
            "[trading_day]",
            '[ledger]\ncurrency = "USD"\nrates = { EUR = 1.5 }\n[trading_day]',
        )
    )
    assert "net_USD" in tapewire("ledger", "pnl", "--json").json["totals"]
    ended = tapewire("ledger", "pnl", "--currency", "CHF")
    assert "there is no rate from" in ended.err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--rate", "EUR=1"], "--rate needs --currency, or ledger.currency"),
        (["--currency", "usd"], "--currency is 'usd', must be three capital letters"),
        (["--currency", "USD", "--rate", "EUR"], "--rate is 'EUR', must be a currency and a price"),
        (["--currency", "USD", "--rate", "EUR=-1"], "--rate is 'EUR=-1', must be"),
        (["--currency", "USD", "--rate", "EUR=nan"], "--rate is 'EUR=nan', must be"),
        (["--from", "yesterday"], "--from is 'yesterday', must be a trading day such as"),
        (["--from", "today", "--to", "-1d"], "before --from"),
    ],
)
def test_options_that_make_no_sense_are_refused(tapewire, traded, options, sentence):
    ended = tapewire("ledger", "pnl", *options)
    assert ended.status == 2
    assert sentence in ended.err


# ---- by day --------------------------------------------------------------------------------------


def test_pnl_has_a_row_for_each_strategy_and_day(tapewire, exported, traded):
    found = tapewire("ledger", "pnl", "--account", ACCOUNT, "--json").json["pnl"]
    keys = [(row["day"], row["strategy"]) for row in found]
    assert keys == sorted(set(keys))
    assert len(keys) == 10
    rows = exported("pnl", "--account", ACCOUNT)
    for row in found:
        assert D(row["net"]) == D(row["realised"]) - D(row["commission"])
        of = {"day": row["day"], "strategy": row["strategy"]}
        assert abs(total(rows, "net", **of) - D(row["net"])) < D("1e-8")


def test_the_ledger_alone_shows_pnl_and_fits_a_terminal(tapewire, traded):
    shown = tapewire("ledger")
    assert shown.out == tapewire("ledger", "pnl").out
    assert max(len(line) for line in shown.out.splitlines()) <= 80


def test_the_blotter_has_a_sum_for_each_trading_day(tapewire, tmp_path):
    first, second = order(1, 10), replace(order(2, 20), ts_ns=T0 + DAY_NS)
    sold = replace(fill("b.01", 0, 10, "101", second.intent_id), side="SELL", ts_ns=T0 + DAY_NS)
    journal(
        tmp_path,
        [
            OrderIntended(T0, "1", first),
            fill("a.01", 11, 10, "100", first.intent_id),
            Commission(T0 + MS, ACCOUNT, "a.01", D(1), "USD"),
            OrderIntended(T0 + DAY_NS, "2", second),
            sold,
        ],
    )
    found = tapewire("blotter", "--json").json
    assert [o["day"] for o in found["orders"]] == ["2026-11-20", "2026-11-21"]
    assert found["days"] == [
        {
            "day": "2026-11-20", "orders": 1, "executions": 1, "realised": {"USD": "0"},
            "account_realised": {"USD": "0"}, "commission": {"USD": "1"},
        },
        {
            "day": "2026-11-21", "orders": 1, "executions": 1, "realised": {"USD": "10"},
            "account_realised": {"USD": "10"}, "commission": {"USD": "0"},
        },
    ]  # fmt: skip
    one_day = tapewire("blotter", "--from", "2026-11-21", "--json").json
    assert [o["intent_id"] for o in one_day["orders"]] == [second.intent_id]
    assert one_day["days"] == found["days"][1:]
    shown = tapewire("blotter").out
    assert "trading day 2026-11-21: 1 order, 1 execution, realised 10.00 USD, commissions" in shown
    assert "the accounts realised" not in shown, "it is what the strategies realised"


def test_what_a_flatten_realised_has_a_line_below_the_strategies(tapewire, tmp_path):
    bought, closing = order(1, 10), replace(order(2, 20), intent_id="risk-1/1", strategy="risk")
    closed = replace(fill("b.01", 21, 10, "97.5", closing.intent_id), side="SELL", strategy="risk")
    journal(
        tmp_path,
        [
            OrderIntended(T0, "1", bought),
            fill("a.01", 11, 10, "100", bought.intent_id),
            OrderIntended(T0 + MS, "2", closing),
            closed,
        ],
    )
    sentence = "the accounts realised -25.00 USD: -25.00 USD of it is in no strategy's row"
    for command in ("ledger", "blotter"):
        assert sentence in " ".join(tapewire(command).out.split())
        assert "the accounts realised" not in tapewire(command, "--strategy", "dip").out
    assert tapewire("ledger", "--json").json["totals"]["account_realised"] == {"USD": "-25"}
