"""Which wire version a sender speaks: it stands before the token that it shows, as in `3.TOKEN`.

A request, a signal and a query are single events, without the version that a batch carries. What
another version encoded may well decode here, as something else. So its version is looked at before
a message is decoded, and what is of another one is refused with a sentence.

A token without a version is that of a program that reads the token's file and sends what is in it.
Such a program is taken to speak what the group speaks, as it always was.
"""

from typing import Final

from tapewire.common.bus.wire import WIRE_VERSION

END: Final = b"."
OWN: Final = b"%d" % WIRE_VERSION + END
DIGITS_MAX: Final = 9
ADVICE: Final = (
    "all processes and commands of a group must come from one installation of Tapewire: `tapewire"
    " down` and `tapewire up` with the new one start all of it"
)


def shown(token: bytes) -> bytes:
    """A token as this version shows it."""
    return OWN + token


def version_fault(frame: bytes) -> str:
    """Why what came behind this frame must not be taken; empty if it may."""
    if frame.startswith(OWN):
        return ""
    version = _version(frame)
    if not version:
        return ""
    return f"wire version {version.decode()}, expected {WIRE_VERSION}; {ADVICE}"


def token_of(frame: bytes) -> bytes:
    """The token alone."""
    version = _version(frame)
    return frame[len(version) + len(END) :] if version else frame


def _version(frame: bytes) -> bytes:
    version, end, _ = frame.partition(END)
    return version if end and version.isdigit() and len(version) <= DIGITS_MAX else b""
