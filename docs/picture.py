"""`python docs/picture.py [FILE]`: the picture of the live view in README, of a group that trades.

It starts the group of `tapewire.toml` on the simulator in a temporary run directory, waits until it
has traded every instrument, and saves what `tapewire run` shows as an SVG.
"""

import io
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.terminal_theme import TerminalTheme

from tapewire.common.config import settings
from tapewire.console.group.status import Status, totals, wait_for
from tapewire.console.group.supervisor import Group
from tapewire.console.views import tables

ROOT: Final = Path(__file__).resolve().parents[1]
FILE: Final = ROOT / "docs" / "live.svg"
WIDTH: Final = 80
TRADING_TIMEOUT_S: Final = 90
ORDERS_MIN: Final = 20
RATE_OVER_S: Final = 2.0
FROM_THE_NETWORK: Final = re.compile(r"@font-face \{.*?\}\s*|\s*<!-- Generated .*?-->", re.DOTALL)
FONTS: Final = ("Fira Code, monospace", "DejaVu Sans Mono, Menlo, Consolas, monospace")
COLOURS: Final = [
    (0, 0, 0), (214, 69, 65), (46, 160, 67), (219, 171, 10),
    (88, 166, 255), (188, 140, 255), (57, 197, 207), (255, 255, 255),
]  # fmt: skip


def take(run_dir: str) -> str:
    """Run a group until it has traded, and draw what it shows."""
    os.environ["TAPEWIRE_RUN_DIR"] = run_dir
    os.environ["TAPEWIRE_CONFIG"] = str(ROOT / "tapewire.toml")
    group = Group(settings.load())
    group.up()
    try:
        late = group.wait_ready(30)
        if late:
            raise SystemExit(f"not READY: {late}")
        symbols = {one.symbol for one in group.config.instruments}
        if not wait_for(lambda: has_traded(group.statuses(), symbols), TRADING_TIMEOUT_S, 0.5):
            raise SystemExit(f"the group has not traded enough in {TRADING_TIMEOUT_S} s")
        before = totals(group.statuses())
        time.sleep(RATE_OVER_S)
        statuses = group.statuses()
        rates = {name: (n - before[name]) / RATE_OVER_S for name, n in totals(statuses).items()}
        return draw(statuses, group.names(), rates)
    finally:
        group.down(lambda _: None)


def has_traded(statuses: dict[str, Status], symbols: set[str]) -> bool:
    """Whether it holds a position in every instrument, and has sent some orders."""
    rows = statuses.get("risk", {}).get("positions", [])
    held = {row["symbol"] for row in rows if row["quantity"] not in ("0", 0)}
    return held == symbols and totals(statuses)["orders"] >= ORDERS_MIN


def draw(statuses: dict[str, Status], names: list[str], rates: dict[str, float]) -> str:
    """The live view as an SVG that needs nothing from the network."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(tables.live(statuses, names, rates))
    theme = TerminalTheme((22, 24, 29), (214, 218, 224), COLOURS)
    svg = console.export_svg(title="tapewire run", theme=theme, unique_id="live")
    return FROM_THE_NETWORK.sub("", svg).replace(*FONTS)


def main() -> None:
    """Take the picture and save it."""
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    with tempfile.TemporaryDirectory(prefix="tapewire-") as folder:
        file.write_text(take(f"{folder}/run"))
    print(f"{file}: {file.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
