"""`python -m tests.mutants [NAME ...] [--seeds N] [--by search|simulation] [--json]`."""

import argparse
import json
import sys

from tests.mutants.finding import ALL, Found, find


def main() -> int:
    """Let the search and then the simulation look for each bug, and print a table of what found it.

    Status 1 if one survives: then a check is missing.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of the bugs; without, all")
    parser.add_argument("--seeds", type=int, default=200, help="of the simulation, at most")
    parser.add_argument("--by", choices=("both", "search", "simulation"), default="both")
    parser.add_argument("--json", action="store_true", help="one object for each")
    arguments = parser.parse_args()
    if unknown := {*arguments.names} - ALL.keys():
        parser.error(f"no such bug: {', '.join(sorted(unknown))}; known: {', '.join(ALL)}")
    if not arguments.json:
        print("| bug | found by | after | what breaks |\n|---|---|---|---|")
    survived = False
    for name in arguments.names or ALL:
        found = find(name, arguments.seeds, arguments.by)
        survived |= not found.by
        print(json.dumps(found._asdict()) if arguments.json else row(found), flush=True)
    return int(survived)


def row(found: Found) -> str:
    """A row of the table."""
    by, name = found.by or "**nothing**", found.name
    if found.without:
        name = f"{name}, with {found.without}"
    return f"| {name} | {by} | {found.after}, {found.seconds:.1f} s | {found.breaks} |"


if __name__ == "__main__":
    sys.exit(main())
