"""`python -m tapewire.risk`: the monitor that can stop everything."""

import sys

from tapewire.common import roles
from tapewire.common.runtime import process
from tapewire.risk.composition import build


def main() -> int:
    """Run risk."""
    return process.run(roles.RISK, build)


if __name__ == "__main__":
    sys.exit(main())
