"""`python -m tests.model [--faults N] [--define NAME ...] [--table]`."""

import argparse
import json
import sys

from tests.model import checker


def main() -> int:
    """Search the model and print what came of it as JSON; status 1 if something can go wrong.

    With `--define CALM` nothing expires and nothing is halted, with `--define KIND` TWS rejects and
    cancels nothing; a planted bug is defined by its name.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument("--faults", type=int, default=1, help="how many at most")
    parser.add_argument("--define", action="append", default=[], help="CALM, KIND, or a bug")
    parser.add_argument("--table", action="store_true", help="renew transitions.txt instead")
    arguments = parser.parse_args()
    if lacking := checker.missing():
        print(f"not installed: {lacking}; on Debian: apt-get install spin gcc", file=sys.stderr)
        return 2
    if arguments.table:
        checker.renew_table()
        return 0
    verdict = checker.check(*arguments.define, faults=arguments.faults)
    print(json.dumps(verdict._asdict()))
    return int(bool(verdict.fault))


if __name__ == "__main__":
    sys.exit(main())
