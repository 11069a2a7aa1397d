"""`python -m tapewire.executor`: signals to orders, exactly once."""

import sys

from tapewire.common import roles
from tapewire.common.runtime import process
from tapewire.executor.composition import build


def main() -> int:
    """Run the executor."""
    return process.run(roles.EXECUTOR, build)


if __name__ == "__main__":
    sys.exit(main())
