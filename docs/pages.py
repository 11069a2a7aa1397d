"""`python docs/pages.py`: the pictures of a report and of a sweep in the tutorial, taken again.

It does in a temporary folder what docs/tutorial.md says, file by file and command by command, and
takes pictures of the pages that this makes with Chromium. About a minute.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from PIL import Image

DOCS: Final = Path(__file__).resolve().parent
TUTORIAL: Final = DOCS / "tutorial.md"
PICTURES: Final = {
    "tutorial-report.png": "report.html",
    "tutorial-sweep.png": "sweeps/*/report.html",
}
SIZE: Final = (1300, 1180)
COLOURS: Final = 128  # enough for charts, and a third of the file
FILE: Final = re.compile(r"Save this as `([^`]+)`.*?```python\n(.*?)```", re.DOTALL)
ENTRY: Final = re.compile(r"```toml\n(.*?)```", re.DOTALL)
COMMANDS: Final = ("tapewire backtest", "tapewire sweep")


def follow(text: str, folder: Path) -> None:
    """Write the files of the tutorial, and run its back-test and its sweep."""
    run(f"{sys.executable} -m tapewire.console.cli init .", folder)
    for name, program in FILE.findall(text):
        (folder / name).write_text(program)
    with (folder / "tapewire.toml").open("a") as file:
        file.write("\n" + "\n".join(ENTRY.findall(text)))
    prices = run(f"{sys.executable} make_prices.py", folder)
    (folder / "ACME.csv").write_text(prices)
    for line in text.splitlines():
        if line.startswith(COMMANDS) and "--param fast=10" not in line:
            run(line.replace("tapewire", f"{sys.executable} -m tapewire.console.cli", 1), folder)


def run(line: str, folder: Path) -> str:
    """What a command prints."""
    done = subprocess.run(
        shlex.split(line), cwd=folder, check=True, capture_output=True, text=True,
        env={**os.environ, "COLUMNS": "100"},
    )  # fmt: skip
    return done.stdout


def picture(page: Path, into: Path, size: tuple[int, int]) -> None:
    """Take a picture of a page's upper part; few colours keep it small."""
    browser = shutil.which("chromium") or shutil.which("google-chrome") or "chromium"
    with tempfile.TemporaryDirectory(prefix="tapewire-") as folder:
        taken = Path(folder) / "page.png"
        options = (
            "--headless=new --no-sandbox --disable-gpu --hide-scrollbars --virtual-time-budget=3000"
            f" --user-data-dir={folder}/browser --window-size={size[0]},{size[1]}"
            f" --screenshot={taken}"
        )
        run(f"{browser} {options} {page.resolve().as_uri()}", Path(folder))
        with Image.open(taken) as image:
            image.convert("RGB").quantize(COLOURS).save(into, optimize=True)


def main() -> None:
    """Take the pictures and save them."""
    with tempfile.TemporaryDirectory(prefix="tapewire-") as name:
        folder = Path(name)
        follow(TUTORIAL.read_text(), folder)
        for file, pattern in PICTURES.items():
            (page,) = folder.glob(pattern)
            picture(page, DOCS / file, SIZE)
            print(f"{DOCS / file}: {(DOCS / file).stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
