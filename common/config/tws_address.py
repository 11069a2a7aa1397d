"""Where TWS is: the configured address, or the one that the group's own simulator left.

A port says nothing about who listens on it. The group's simulator therefore binds a free port and
leaves its address in the run directory together with a nonce, a random text that is new at each of
its starts. A client of the group connects to that address and asks whoever answers for the nonce,
by a message id that TWS does not use. Only a right answer makes it the simulator; to anybody else
nothing more is sent. A TWS that is configured under `[tws]` has no nonce and is asked for none.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from tapewire.common import roles
from tapewire.common.runtime import private_file

if TYPE_CHECKING:  # the protocol needs a constant of this module, and not a tenth of a second more
    from tapewire.common.config.settings import Config

IDENTIFY: Final = "990001"
"""Message id of the request for the nonce and of its answer; TWS's own end below 1000."""


class TwsAddress(msgspec.Struct, frozen=True):
    """Where to connect, and the nonce that proves who answers; "" where no proof is needed."""

    host: str
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)]
    nonce: str = ""

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class NoTwsAddress(LookupError):
    """There is no address to connect to yet; says why."""


def file_of(run_dir: Path, login: str = "") -> Path:
    """Where the simulator of a login leaves its address."""
    return run_dir / f"{roles.of_login(roles.SIMULATOR, login)}.json"


def find(config: "Config", run_dir: Path, login: str = "") -> TwsAddress:
    """The address of a login's TWS to connect to now, by its own configuration; raises
    `NoTwsAddress` while the simulator has left none.

    Look at each connect: a simulator that was restarted has another port and another nonce.
    """
    if not config.simulator.enabled:
        return TwsAddress(config.tws.host, config.tws.port)
    path = file_of(run_dir, login)
    try:
        address = msgspec.json.decode(path.read_bytes(), type=TwsAddress)
    except FileNotFoundError:
        raise NoTwsAddress(f"the simulator has not started yet (no {path})") from None
    except (OSError, msgspec.MsgspecError) as error:
        raise NoTwsAddress(f"{path} cannot be read: {error}") from error
    if not address.nonce:
        raise NoTwsAddress(f"{path} has no nonce; expected one that the simulator wrote")
    return address


def publish(run_dir: Path, address: TwsAddress, login: str = "") -> None:
    """Leave the simulator's address for the group, for this user alone."""
    private_file.write(file_of(run_dir, login), msgspec.json.encode(address).decode())


def withdraw(run_dir: Path, login: str = "") -> None:
    """Remove the address: no process of this group listens there any more."""
    file_of(run_dir, login).unlink(missing_ok=True)
