"""Placement: the hosts of a group, and which strategy runs on which of them.

Home is the host with the broker: gateways, executor, risk and the journals are there. Far hosts
run strategies alone. A group whose configuration lists no `[[hosts]]` is at home, all of it.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple


class Place(NamedTuple):
    """One host: its name, the IP address at which the others reach it, and whether it is home."""

    name: str
    address: str
    home: bool = False


class Placement:
    """All hosts of a group, seen from the one that this is: `here`, "" for home."""

    def __init__(self, places: Iterable[Place] = (), here: str = "") -> None:
        self.places = tuple(places)
        self.home = next((one for one in self.places if one.home), None)
        self.far = tuple(one for one in self.places if not one.home)
        self.here = here or self._home_name

    def __repr__(self) -> str:
        return f"<Placement at {self.here or 'home'}: {', '.join(p.name for p in self.places)}>"

    @property
    def _home_name(self) -> str:
        return self.home.name if self.home is not None else ""

    @property
    def is_far(self) -> bool:
        """Whether this host is another one than home."""
        return self.here != self._home_name

    def host_of(self, given: str) -> str:
        """The host of a strategy whose entry says `given`: home where it says nothing."""
        return given or self._home_name

    def is_here(self, given: str) -> bool:
        """Whether a strategy whose entry says `given` runs on this host."""
        return self.host_of(given) == self.here


AT_HOME: Final = Placement()
"""A group on one machine."""
