"""The summary's figures are the same from a checkpoint on as from whole journals."""

from contextlib import ExitStack, closing
from datetime import date
from decimal import Decimal
from pathlib import Path

from tapewire.common import roles
from tapewire.common.config.settings import Config, InstrumentConfig
from tapewire.common.events import Commission, Event, Fill, PositionReported, Side
from tapewire.common.runtime import checkpoint
from tapewire.common.runtime.compaction import compact
from tapewire.common.runtime.journal import SqliteJournal
from tapewire.risk.notices.folding import sum_up
from tests.risk.notices.kit import SECOND, T0

DAY = 24 * 3600 * SECOND
TUESDAY = date(2023, 11, 14)


def trade(number: int, ts_ns: int, side: Side, quantity: int, price: int) -> list[Event]:
    exec_id, size, at = f"{number:04}.01", Decimal(quantity), Decimal(price)
    return [
        Fill(ts_ns, "DU1", exec_id, str(number), "AAPL", side, size, at),
        Commission(ts_ns, "DU1", exec_id, Decimal(1), "USD"),
    ]


def write(run_dir: Path, source: str, events: list[Event]) -> None:
    with closing(SqliteJournal(run_dir / "journals" / f"{source}.sqlite", "NORMAL")) as journal:
        journal.append(events)


def make_checkpoint(config: Config, run_dir: Path, now_ns: int) -> int:
    """Of both gateways; gives how many records it left out."""
    with ExitStack() as stack:
        journals = {
            role: stack.enter_context(
                closing(SqliteJournal(run_dir / "journals" / f"{role}.sqlite", read_only=True))
            )
            for role in roles.GATEWAYS
        }
        made = compact(journals, checkpoint.checkpoint_file(run_dir, config), now_ns)
    return made.records - made.kept


def test_a_checkpoint_changes_no_figure(tmp_path):
    (tmp_path / "journals").mkdir()
    config = Config(run_dir=tmp_path, instruments=(InstrumentConfig(symbol="AAPL"),))
    old = [event for n in range(20) for event in trade(n, T0 - 9 * DAY + n, "BUY", 1, 100)]
    reported = PositionReported(T0 - 8 * DAY, "DU1", "AAPL", Decimal(20), Decimal(100))
    for source in roles.GATEWAYS:
        write(tmp_path, source, [*old, reported, *trade(30, T0 - 60 * SECOND, "SELL", 5, 110)])
    assert make_checkpoint(config, tmp_path, T0) > 60
    write(tmp_path, "gateway", trade(31, T0, "SELL", 5, 90))
    flat = PositionReported(T0 + SECOND, "DU1", "AAPL", Decimal(0), Decimal(0))
    write(tmp_path, "liquidation", [*trade(32, T0 + SECOND, "SELL", 10, 101), flat])
    (line,) = sum_up(config, tmp_path, TUESDAY, {})
    assert line == (
        "2023-11-14 DU1: net 7.00 USD (10.00 realised, 3.00 commission), 3 executions; flat"
    )
    checkpoint.discard(tmp_path)
    assert sum_up(config, tmp_path, TUESDAY, {}) == [line]
