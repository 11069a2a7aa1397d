"""`python -m tests.exhaustive [--scenario NAME] [--faults N] [--intents N] [--instants N]
[--minutes M] [--states N] [--plant NAME] [--json]`."""

import argparse
import json
import sys

from tests.exhaustive.scenario import NAMES, scenario
from tests.exhaustive.search import LEFT_OUT, Found, Search
from tests.simulation.plants import PLANTS


def main() -> int:
    """Search, and print what was seen; status 1 if an invariant does not hold.

    A planted bug is to be found: with one the status is 1 if it was not.
    """
    arguments = _arguments()
    replaced, is_broken = PLANTS.get(arguments.plant), False
    for name in NAMES if arguments.scenario == "all" else (arguments.scenario,):
        search = Search(
            scenario(name, arguments.intents),
            faults=arguments.faults, instants=arguments.instants, replaced=replaced,
        )  # fmt: skip
        found = search.run(60 * arguments.minutes, arguments.states)
        is_broken |= bool(found.fault)
        print(json.dumps(found.shown()) if arguments.json else report(found), flush=True)
    if not arguments.json:
        print(LEFT_OUT)
    return int(is_broken == (replaced is None))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.exhaustive", description=main.__doc__)
    parser.add_argument("--scenario", choices=(*NAMES, "all"), default="all")
    parser.add_argument("--faults", type=int, default=0, help="how many at most")
    parser.add_argument("--intents", type=int, choices=(1, 2), default=2, help="of the pair")
    parser.add_argument("--instants", type=int, default=1, help="how often time goes on")
    parser.add_argument("--minutes", type=float, default=10.0, help="of CPU, for each scenario")
    parser.add_argument("--states", type=int, default=0, help="how many at most; 0: no bound")
    parser.add_argument("--plant", choices=sorted(PLANTS), help="a bug that must be found")
    parser.add_argument("--json", action="store_true", help="one object for each scenario")
    return parser.parse_args()


def report(found: Found) -> str:
    """For a person."""
    shown = found.shown()
    lines = [
        f"{found.scenario}, at most {found.faults} faults: {found.states} states,"
        f" {found.transitions} transitions, depth {found.depth}, {found.at_rest} ends,"
        f" {found.ran} steps of real code, {found.seconds} s of CPU",
        f"life cycle: {len(found.covered)} of its steps taken, not taken:"
        f" {', '.join(shown['uncovered']) or 'none'}",
    ]
    if found.fault:
        after = "the shortest path to it" if found.is_shortest else "a path to it"
        lines += [f"BROKEN: {found.fault}", f"{after}:", *(f"  {step}" for step in found.path)]
    elif not found.is_whole:
        lines.append("the time is over: this is not everything within the bounds")
    else:
        lines.append("this is everything within the bounds")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
