"""`python -m tapewire.risk.notices`: tells a person what happens, and is in nobody's way."""

import sys

from tapewire.common import roles
from tapewire.common.runtime import process
from tapewire.risk.notices.composition import build


def main() -> int:
    """Run the notifier."""
    return process.run(roles.NOTICES, build)


if __name__ == "__main__":
    sys.exit(main())
