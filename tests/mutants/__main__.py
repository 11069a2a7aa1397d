"""`python -m tests.mutants [NAME ...] [--seeds N] [--by search|simulation] [--json]`."""

import argparse
import json
import sys
from collections.abc import Sequence

from tests.mutants.finding import ALL, Found, find


def main(given: Sequence[str] | None = None) -> int:
    """Let the search and then the simulation look for each bug, and print a table of what found it.

    Status 1 if one survives: then a check is missing. Status 2 if a bug is planted wrongly, so that
    something else breaks than what it is there for.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of the bugs; without, all")
    parser.add_argument("--seeds", type=int, default=200, help="of the simulation, at most")
    parser.add_argument("--by", choices=("both", "search", "simulation"), default="both")
    parser.add_argument("--json", action="store_true", help="one object for each")
    arguments = parser.parse_args(given)
    if unknown := {*arguments.names} - ALL.keys():
        parser.error(f"no such bug: {', '.join(sorted(unknown))}; known: {', '.join(ALL)}")
    if not arguments.json:
        print("| bug | found by | after | what breaks |\n|---|---|---|---|")
    status = 0
    for name in arguments.names or ALL:
        found = find(name, arguments.seeds, arguments.by)
        status = max(status, status_of(found))
        print(json.dumps(found._asdict()) if arguments.json else row(found), flush=True)
    return status


def status_of(found: Found) -> int:
    """0 if it was found, 1 if it survived, 2 if it is planted wrongly."""
    return 2 if found.plant_error else int(not found.by)


def row(found: Found) -> str:
    """A row of the table."""
    by, name = found.by or "**nothing**", found.name
    if found.without:
        name = f"{name}, with {found.without}"
    after = f"{found.after}, {found.seconds:.1f} s"
    if found.plant_error:
        by, after = f"this plant is broken: {found.plant_error}".replace("|", "\\|"), ""
    return f"| {name} | {by} | {after} | {found.breaks} |"


if __name__ == "__main__":
    sys.exit(main())
