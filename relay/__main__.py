"""`python -m tapewire.relay`: on a far host, its way home; with `--door`, the other end at home."""

import argparse
import sys

from tapewire.common import roles
from tapewire.common.runtime import process
from tapewire.common.runtime.process import Process
from tapewire.common.runtime.service import Service
from tapewire.relay.composition import build_door, build_relay


def build(host: Process) -> Service:
    """The relay, or the door."""
    return build_door(host) if host.arguments.door else build_relay(host)


def role(arguments: argparse.Namespace) -> str:
    """The role of the process that the arguments ask for."""
    return roles.DOOR if arguments.door else roles.relay_role(arguments.host)


def main() -> int:
    """Run the relay or the door."""
    parser = argparse.ArgumentParser(prog="python -m tapewire.relay", description=__doc__)
    parser.add_argument("host", nargs="?", default="", help="the far host that it is the relay of")
    parser.add_argument("--door", action="store_true", help="run the other end, at home")
    return process.run(role, build, parser)


if __name__ == "__main__":
    sys.exit(main())
