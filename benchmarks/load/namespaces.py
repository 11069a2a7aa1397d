"""Hosts on this machine: network namespaces at one switch, whose cables can be pulled.

No namespace has a name here, so each lives as long as a process is in it. One `cat` holds each of
them, and reads a pipe that only this process holds. However this process ends, the kernel closes
the pipe and `cat` ends; with the last process of a namespace go its devices, and the other ends of
its cables with them. So nothing is left that somebody would have to remove, not even after a
`kill -9`.

This process itself has a cable to the switch too, so that it can ask what runs on the hosts.
Addresses are from 198.18.0.0/15, which RFC 2544 sets aside for measurements.
"""

import ipaddress
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Final, NamedTuple

TOOLS: Final = ("ip", "nsenter", "unshare")
PROBE: Final = """\
ip link set lo up &&
ip link add cable type veth peer name plug &&
ip link add switch type bridge
"""
BLOCK: Final = 28
"""The prefix of a network's addresses: room for 13 hosts."""
BLOCKS: Final = [*ipaddress.IPv4Network("198.18.0.0/15").subnets(new_prefix=BLOCK)]
END_S: Final = 10.0


class NamespaceError(Exception):
    """A command that makes namespaces has failed; names it and gives its words."""


class Host(NamedTuple):
    """An address, and what runs a command where that address is."""

    address: str
    enter: tuple[str, ...] = ()

    def command(self, *arguments: object) -> list[str]:
        """The command line that runs `arguments` on this host; its process id is the same."""
        return [*self.enter, *map(str, arguments)]


LOOPBACK: Final = Host("127.0.0.1")


@cache
def lacking() -> str:
    """Why there can be no namespaces here, in a few words; empty where there can."""
    if not sys.platform.startswith("linux"):
        return "network namespaces are Linux's"
    if absent := [tool for tool in TOOLS if shutil.which(tool) is None]:
        return f"no {' or '.join(absent)} here: install iproute2 and util-linux"
    if os.geteuid():
        return "network namespaces need root"
    tried = _tried("unshare", "--net", "sh", "-c", PROBE)
    said = (tried.stderr.strip().splitlines() or ["no reason given"])[-1]
    return f"network namespaces are not allowed here: {said}" if tried.returncode else ""


class Network:
    """Hosts by their number from 0, each with one cable to the switch.

    `cable` is the name of the device that leads there from outside, where this process runs.
    """

    def __init__(self, count: int, stack: ExitStack) -> None:
        self._stack = stack
        block = _free_block()
        here, *addresses = map(str, block.hosts())
        self._switch = self._space()
        self._in_switch("link", "add", "switch", "type", "bridge", "forward_delay", "0")
        self._in_switch("link", "set", "switch", "up")
        self.cable = f"tw{self._switch}"
        own = ("peer", "name", "tester", "netns", self._switch)
        _ip("link", "add", self.cable, "type", "veth", *own)
        stack.callback(_tried, "ip", "link", "delete", self.cable)  # the kernel takes its time
        self._plug("tester")
        _ip("address", "add", f"{here}/{BLOCK}", "dev", self.cable)
        _ip("link", "set", self.cable, "up")
        self.hosts = [self._host(n, addresses[n]) for n in range(count)]

    def cut(self, *hosts: int) -> None:
        """Pull the cables of these hosts: nothing more passes, and nobody gets to know of it."""
        for host in hosts:
            self._in_switch("link", "set", f"host{host}", "down")

    def mend(self, *hosts: int) -> None:
        """Plug them in again."""
        for host in hosts:
            self._in_switch("link", "set", f"host{host}", "up")

    def _host(self, number: int, address: str) -> Host:
        space, cable = self._space(), f"host{number}"
        of_switch = ("peer", "name", cable, "netns", self._switch)
        _ip("link", "add", "cable", "netns", space, "type", "veth", *of_switch)
        self._plug(cable)
        host = Host(address, _enter(space))
        for words in (
            ("address", "add", f"{address}/{BLOCK}", "dev", "cable"),
            ("link", "set", "cable", "up"),
            ("link", "set", "lo", "up"),
        ):
            _run(*host.command("ip", *words))
        return host

    def _space(self) -> str:
        """Make a namespace; the process id of its holder."""
        holder = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", "echo; exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        self._stack.callback(_end, holder)
        assert holder.stdout is not None
        if not holder.stdout.readline():
            raise NamespaceError("`unshare --net` has made no namespace")
        return str(holder.pid)

    def _plug(self, cable: str) -> None:
        self._in_switch("link", "set", cable, "master", "switch", "up")

    def _in_switch(self, *words: str) -> None:
        _run(*_enter(self._switch), "ip", *words)


def received_bytes(host: Host) -> int:
    """What has come to a host of a `Network` by its cable so far, all headers included."""
    lines = _run(*host.command("cat", "/proc/net/dev")).splitlines()
    return next(int(one.split()[1]) for one in lines if one.split()[0] == "cable:")


@contextmanager
def network(count: int) -> Iterator[Network]:
    """So many hosts; the caller ends what runs on them. Raises `NamespaceError`."""
    with ExitStack() as stack:
        yield Network(count, stack)


def _enter(space: str) -> tuple[str, ...]:
    return ("nsenter", f"--net=/proc/{space}/ns/net", "--")


def _free_block() -> ipaddress.IPv4Network:
    """A block of addresses that no interface here has; two processes begin at different ones."""
    first = os.getpid() % len(BLOCKS)
    for block in BLOCKS[first:] + BLOCKS[:first]:
        if not _run("ip", "-o", "address", "show", "to", str(block)):
            return block
    raise NamespaceError("every block of 198.18.0.0/15 is taken")


def _end(holder: "subprocess.Popen[bytes]") -> None:
    for pipe in (holder.stdin, holder.stdout):
        assert pipe is not None
        pipe.close()
    holder.wait(END_S)


def _ip(*words: str) -> None:
    _run("ip", *words)


def _run(*command: str) -> str:
    """Run a command to its end; what it printed."""
    ended = _tried(*command)
    if ended.returncode:
        raise NamespaceError(f"{' '.join(command)}: {ended.stderr.strip()}")
    return ended.stdout


def _tried(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, check=False)
