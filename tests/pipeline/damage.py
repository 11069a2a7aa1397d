"""What can be done to the journal of a stopped group, and what is reported of each."""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from tapewire.common import roles

CUT = 40


def deleted(path: Path) -> str:
    """The file is gone."""
    path.unlink()
    return f"{path.stem}'s journal ends at record 0, but"


def cut(path: Path) -> str:
    """The newest records are gone."""
    with closing(sqlite3.connect(path)) as db, db:
        (head,) = db.execute("SELECT max(seq) FROM records").fetchone()
        left = max(1, head - CUT)
        db.execute("DELETE FROM records WHERE seq > ?", (left,))
    return f"{path.stem}'s journal ends at record {left}, but {head} were seen"


def bit_flipped(path: Path) -> str:
    """In the first record, so that the oldest part of the past is looked at as well."""
    with closing(sqlite3.connect(path)) as db:
        (record,) = db.execute("SELECT record FROM records WHERE seq = 1").fetchone()
    content = path.read_bytes()
    at = content.rindex(record) + len(record) // 2
    path.write_bytes(content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :])
    return f"{path.stem}'s journal is damaged: {path}: record 1 is not as it was written"


DAMAGES: Final[Mapping[str, Callable[[Path], str]]] = {
    "deleted": deleted,
    "cut": cut,
    "bit_flipped": bit_flipped,
}


def follows(reader: str, source: str) -> bool:
    """Whether the readers of that role take something from the source's journal; kinds of role."""
    return source in {
        roles.GATEWAY: {roles.RISK},
        roles.LIQUIDATION: set[str](),
        roles.EXECUTOR: set(roles.GATEWAYS),
        roles.RISK: {*roles.GATEWAYS, roles.EXECUTOR},
    }.get(reader, {roles.EXECUTOR, roles.GATEWAY, roles.RISK})
