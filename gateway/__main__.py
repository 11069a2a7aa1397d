"""`python -m tapewire.gateway`: the broker connection; with `--liquidation`, risk's own."""

import argparse
import sys

from tapewire.common import roles
from tapewire.common.runtime import process
from tapewire.gateway.composition import build


def main() -> int:
    """Run the gateway, or the liquidation gateway."""
    parser = argparse.ArgumentParser(prog="python -m tapewire.gateway", description=__doc__)
    parser.add_argument("name", nargs="?", default="", help="which of [[gateways]]")
    parser.add_argument(
        "--liquidation", action="store_true", help="take only orders that reduce risk"
    )
    return process.run(
        lambda a: roles.of_login(roles.LIQUIDATION if a.liquidation else roles.GATEWAY, a.name),
        build,
        parser,
    )


if __name__ == "__main__":
    sys.exit(main())
