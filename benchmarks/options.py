"""Types of the benchmarks' options: what is refused, and in which words."""

import argparse
from pathlib import Path

from tapewire.common.extras import command, missing


def seconds(text: str) -> float:
    """A length of time."""
    found = float(text)
    if not 0 < found <= 3600:
        raise argparse.ArgumentTypeError(f"is {text}, must be above 0 and at most 3600")
    return found


def counts(text: str) -> list[int]:
    """Several numbers of things, with commas."""
    found = [int(part) for part in text.split(",")]
    if not all(1 <= count <= 10_000 for count in found):
        raise argparse.ArgumentTypeError(f"is {text}, must be numbers from 1 to 10000")
    return found


def rates(text: str) -> list[int]:
    """Several rates, with commas."""
    found = [int(part) for part in text.split(",")]
    if not all(1 <= rate <= 1_000_000 for rate in found):
        raise argparse.ArgumentTypeError(f"is {text}, must be ticks per second, 1 to 1000000")
    return found


def sizes(text: str) -> list[int]:
    """Several numbers of records, with commas; the first is what the others are held against."""
    found = [int(part) for part in text.split(",")]
    if not all(0 <= size <= 10_000_000 for size in found):
        raise argparse.ArgumentTypeError(f"is {text}, must be numbers from 0 to 10000000")
    return found


def add_plot_option(parser: argparse.ArgumentParser) -> None:
    """Where a benchmark leaves its figures and its picture."""
    parser.add_argument(
        "--plot",
        type=_plot_folder,
        metavar="FOLDER",
        help="leave latency.png, latency.html and figures.json there",
    )


def _plot_folder(text: str) -> Path:
    """Refused at once without matplotlib, not after minutes of measuring."""
    if lacking := missing("matplotlib", command("charts")):
        raise argparse.ArgumentTypeError(lacking)
    folder = Path(text)
    if folder.exists() and not folder.is_dir():
        raise argparse.ArgumentTypeError(f"is {text}, must be a folder")
    return folder
