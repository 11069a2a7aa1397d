"""`python docs/picture_web.py [FILE]`: the picture of the web console, of a group that trades.

It needs a Chromium and what `make test-web` installs. It starts the group of `tapewire.toml` on the
simulator in a temporary run directory, waits until it has traded every instrument, and saves what
the desk shows after some more trades.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from picture import ROOT, TRADING_TIMEOUT_S, has_traded
from playwright.sync_api import sync_playwright

from tapewire.common.config import settings
from tapewire.console.group.status import wait_for
from tapewire.console.group.supervisor import Group

FILE: Final = ROOT / "docs" / "web.png"
SIZE: Final = (1300, 860)
TRADES_FOR_S: Final = 45


def take(run_dir: str, file: Path) -> None:
    """Run a group until it has traded, and take a picture of its page."""
    os.environ |= {
        "TAPEWIRE_RUN_DIR": run_dir,
        "TAPEWIRE_CONFIG": str(ROOT / "tapewire.toml"),
        "TAPEWIRE_WEB__NAME": "desk",
    }
    group = Group(settings.load())
    group.up()
    try:
        symbols = {one.symbol for one in group.config.instruments}
        if not wait_for(lambda: has_traded(group.statuses(), symbols), TRADING_TIMEOUT_S, 0.5):
            raise SystemExit(f"the group has not traded enough in {TRADING_TIMEOUT_S} s")
        time.sleep(TRADES_FOR_S)
        console = [sys.executable, "-m", "tapewire.console.cli"]
        command = [*console, "web", "--role", "viewer", "--json"]
        login = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["login"]
        _photograph(login, file)
    finally:
        group.down(lambda _: None)


def _photograph(address: str, file: Path) -> None:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        size = dict(zip(("width", "height"), SIZE, strict=True))
        page = browser.new_page(viewport=size, color_scheme="dark")
        page.goto(address)
        page.wait_for_selector("#link.good")
        page.wait_for_timeout(4000)
        page.screenshot(path=file)
        browser.close()


def main() -> None:
    """Take the picture and save it."""
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    with tempfile.TemporaryDirectory(prefix="tapewire-") as folder:
        take(f"{folder}/run", file)
    print(f"{file}: {file.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
