"""`python -m tests.simulation --seed N --steps N [--seeds K] [--plant NAME]`."""

import argparse
import json
import sys

from tests.simulation.plants import PLANTS
from tests.simulation.run import simulate


def main() -> int:
    """Run the seeds, one JSON line each; status 1 if an invariant broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--seeds", type=int, default=1, help="how many")
    parser.add_argument("--steps", type=int, default=30, help="strikes of the adversary in each")
    parser.add_argument("--plant", choices=sorted(PLANTS), help="a bug that must be found")
    arguments = parser.parse_args()
    replaced = PLANTS.get(arguments.plant)
    failed = 0
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        result = simulate(seed, arguments.steps, replaced)
        failed += bool(result.broken)
        print(json.dumps(result._asdict()), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
