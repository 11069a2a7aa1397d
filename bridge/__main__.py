"""`python -m tapewire.bridge`: mirrors the group's journals beyond this machine."""

import os
import sys
from typing import Final

from tapewire.bridge.composition import build
from tapewire.common import roles
from tapewire.common.runtime import process

NICE: Final = 5
"""Everybody else goes first: a mirror may be a moment late."""


def main() -> int:
    """Run the bridge."""
    os.nice(NICE)
    return process.run(roles.BRIDGE, build)


if __name__ == "__main__":
    sys.exit(main())
