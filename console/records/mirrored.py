"""The mirrors of journals, opened to be read as one stream in time order (see `journals`)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tapewire.common import roles as names
from tapewire.console.records.journals import Reader

if TYPE_CHECKING:
    from tapewire.bridge.reading import Mirrors


def readers(
    mirrors: "Mirrors", roles: Sequence[str], from_ns: int, sources: tuple[str, ...] | None
) -> list[Reader]:
    """The newest mirrors of these roles, or of those of `sources` (roles or kinds of them), each
    from `from_ns` on. Each record is verified as it is read."""
    found = []
    for role in roles:
        if sources and not {role, names.kind_of(role)} & {*sources}:
            continue
        journal = mirrors.journal(role)
        if journal is not None:
            found.append(Reader(role, journal.stream, journal, from_ns))
    return found
