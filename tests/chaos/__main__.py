"""`python -m tests.chaos --seed N --minutes M [--json]`."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests import warden
from tests.chaos.run import DISK_MB, Figures, is_good, run
from tests.chaos.setup import ALONE, BOTH
from tests.pipeline.test_full_disk import NAMESPACE
from tests.places import SDK

DISK: Final = "CHAOS_DISK"
"""In the environment of the process that has a mount namespace of its own: where its disk is."""


def main() -> int:
    """Strike a group of real processes, and compare what came of it with the broker's side.

    Status 1 if an order was doubled, a fill lost, a position or P&L differs, or a guarantee was
    broken.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=main.__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=1.0, help="of strikes")
    parser.add_argument("--both", action="store_true", help="a gateway at ProjectX beside TWS")
    parser.add_argument("--json", action="store_true", help="one object")
    arguments = parser.parse_args()
    if arguments.both and not SDK.exists():
        parser.error("--both needs project-x-py and Python 3.12: run `make projectx`")
    reason = "" if DISK in os.environ else namespace_lacks()
    if DISK not in os.environ and not reason:
        with tempfile.TemporaryDirectory(prefix="tw-") as folder:
            command = [*NAMESPACE, sys.executable, "-m", "tests.chaos", *sys.argv[1:]]
            return subprocess.run(command, env={**os.environ, DISK: folder}, check=False).returncode
    warden.watch()
    disk = mounted()
    found = run(arguments.seed, arguments.minutes * 60, disk, BOTH if arguments.both else ALONE)
    found["disk"] = f"{DISK_MB} MB of its own" if disk else f"not filled: {reason}"
    if arguments.json:
        print(json.dumps(found))
    else:
        show(found)
    return int(not is_good(found))


def namespace_lacks() -> str:
    """Why there can be no disk of its own here; empty if there can."""
    probe = [*NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    try:
        ended = subprocess.run(probe, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "unshare is not installed"
    return (ended.stderr.strip() or "no mount namespace") if ended.returncode else ""


def mounted() -> Path | None:
    """A small disk in memory, which is gone with this process; None where there can be none."""
    if DISK not in os.environ:
        return None
    folder = Path(os.environ[DISK])
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=0700", "tmpfs", str(folder)]
    subprocess.run(command, check=True)
    return folder


def show(found: Figures) -> None:
    """The figures, a line each."""
    for name, value in found.items():
        if name != "breaches":
            print(f"{name:20} {value}")
    print(f"{'breaches':20} {len(found['breaches'])}")
    for breach in found["breaches"]:
        print(f"  {breach}")


if __name__ == "__main__":
    sys.exit(main())
