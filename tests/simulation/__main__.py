"""`python -m tests.simulation --seed N --steps N [--seeds K] [--long] [--both | --plant NAME]`."""

import argparse
import json
import sys

from tests.simulation.both import simulate_both
from tests.simulation.plants import PLANTS
from tests.simulation.run import LONG, SHORT, simulate


def main() -> int:
    """Run the seeds, one JSON line each.

    Status 1 if an invariant broke. With a planted bug it is the other way round: the seeds end with
    the first that finds it, and the status is 1 if none did.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--seeds", type=int, default=1, help="how many")
    parser.add_argument("--steps", type=int, default=30, help="strikes of the adversary in each")
    parser.add_argument("--long", action="store_true", help="for storms of a thousand strikes")
    parser.add_argument("--both", action="store_true", help="at ProjectX, too, beside TWS")
    parser.add_argument("--plant", choices=sorted(PLANTS), help="a bug that must be found")
    arguments = parser.parse_args()
    replaced, broken = PLANTS.get(arguments.plant), False
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        pace = LONG if arguments.long else SHORT
        if arguments.both:
            result = simulate_both(seed, arguments.steps, pace=pace)
        else:
            result = simulate(seed, arguments.steps, replaced, pace=pace)
        broken |= bool(result.broken)
        print(json.dumps(result._asdict()), flush=True)
        if replaced is not None and broken:
            break
    return int(broken == (replaced is None))


if __name__ == "__main__":
    sys.exit(main())
