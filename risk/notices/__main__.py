"""`python -m tapewire.risk.notices`: tells a person what happens, and is in nobody's way."""

import os
import sys
from typing import Final

from tapewire.common import roles
from tapewire.common.runtime import process
from tapewire.risk.notices.composition import build

NICE: Final = 5
"""Everybody else goes first, also as the group starts."""


def main() -> int:
    """Run the notifier."""
    os.nice(NICE)
    return process.run(roles.NOTICES, build)


if __name__ == "__main__":
    sys.exit(main())
