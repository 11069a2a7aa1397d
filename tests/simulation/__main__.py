"""`python -m tests.simulation --seed N --steps N [--seeds K] [--plant blind-resend]`."""

import argparse
import json
import sys

from tapewire.gateway.gateway import Gateway
from tests.simulation.blind import BlindGateway
from tests.simulation.run import simulate

PLANTS: dict[str, type[Gateway]] = {"blind-resend": BlindGateway}


def main() -> int:
    """Run the seeds, one JSON line each; status 1 if an invariant broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--seeds", type=int, default=1, help="how many")
    parser.add_argument("--steps", type=int, default=30, help="strikes of the adversary in each")
    parser.add_argument("--plant", choices=sorted(PLANTS), help="a bug that must be found")
    arguments = parser.parse_args()
    gateway_class = PLANTS.get(arguments.plant, Gateway)
    failed = 0
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        result = simulate(seed, arguments.steps, gateway_class)
        failed += bool(result.broken)
        print(json.dumps(result._asdict()), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
