"""What the journals of a run directory add up to."""

from decimal import Decimal
from pathlib import Path

from msgspec.structs import replace

from tapewire.common.config import settings as configuration
from tapewire.console.records.books import Traded
from tests.console.journaled import fill, write


def test_a_flatten_between_two_trades_realises_what_it_realised_at_the_broker(
    config: Path, tmp_path: Path
) -> None:
    """The liquidation gateway's executions are in a journal of their own, which is read later."""
    run_dir = tmp_path / "r"
    (run_dir / "journals").mkdir(parents=True)
    sold = replace(fill("b.01", 2, 10, "101", None), side="SELL")
    write(run_dir, "gateway", [fill("a.01", 1, 10, "100", None), fill("c.01", 3, 10, "105", None)])
    write(run_dir, "liquidation", [sold])
    traded = Traded(configuration.load(), run_dir)
    assert traded.book.realised == Decimal(10)
