"""A role's dead letters on disk, beside its journal; see `letters` for why and how many."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from tapewire.common.delivery.letters import Letter

FOLDER: Final = "dead-letters"
LETTERS_MAX: Final = 10_000
BODY_MAX: Final = 4 << 20
"""Bytes of a letter that are kept. No event has as many, so what may be handed back is whole."""
BYTES_MAX: Final = 64 << 20
"""Bytes of all letters of a file."""

_TABLE: Final = """\
create table if not exists letters (
    id integer primary key autoincrement,
    ts_ns integer not null,
    origin text not null,
    reason text not null,
    body blob not null,
    attempts integer not null default 1,
    wanted integer not null default 0
)"""
_BEYOND: Final = """\
select id from (select id, sum(length(body)) over (order by id desc) as so_far from letters)
where so_far > ?"""
_COLUMNS: Final = "id, ts_ns, origin, reason, body, attempts, wanted"


class LetterFile:
    """A role's dead letters as a file. Others may read it and mark letters in it meanwhile."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=1.0)
            self._db.execute("pragma journal_mode = wal")
            self._db.execute("pragma synchronous = off")
            self._db.execute(_TABLE)
        except sqlite3.Error as error:
            raise OSError(f"{path}: {error}") from error
        self._bytes = self._count()  # at most so many: others drop letters too
        self._seen = -1  # the file's version, when the marks in it were last looked at

    def keep(self, ts_ns: int, origin: str, reason: str, body: bytes) -> None:
        """See `LetterStore.keep`."""
        if len(body) > BODY_MAX:
            reason += f" (the first {BODY_MAX} of {len(body)} bytes are kept)"
            body = body[:BODY_MAX]
        insert = "insert into letters (ts_ns, origin, reason, body) values (?, ?, ?, ?)"
        new = self._run(insert, ts_ns, origin, reason, body).lastrowid or 0
        if new > LETTERS_MAX:
            self._run("delete from letters where id <= ?", new - LETTERS_MAX)
        self._bytes += len(body)
        if self._bytes > BYTES_MAX:
            self._run(f"delete from letters where id in ({_BEYOND})", BYTES_MAX)
            self._bytes = self._count()

    def wanted(self) -> list[Letter]:
        """See `LetterStore.wanted`; costs next to nothing while nobody else has written."""
        [(version,)] = self._run("pragma data_version")
        if version == self._seen:
            return []
        self._seen = version
        return self._select("where wanted")

    def failed_again(self, letter: Letter, reason: str) -> None:
        """See `LetterStore.failed_again`."""
        update = "update letters set reason = ?, attempts = attempts + 1, wanted = 0 where id = ?"
        self._run(update, reason, letter.id)

    def drop(self, letter_id: int) -> bool:
        """See `LetterStore.drop`."""
        return self._run("delete from letters where id = ?", letter_id).rowcount > 0

    def want(self, letter_id: int) -> bool:
        """Ask for it to be handed back; whether it is there."""
        return self._run("update letters set wanted = 1 where id = ?", letter_id).rowcount > 0

    def all(self) -> list[Letter]:
        """All that are kept, oldest first."""
        return self._select("")

    def get(self, letter_id: int) -> Letter | None:
        """One of them, None if it is not kept."""
        return next(iter(self._select("where id = ?", letter_id)), None)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _count(self) -> int:
        [(count,)] = self._run("select coalesce(sum(length(body)), 0) from letters")
        return int(count)

    def _select(self, which: str, *values: object) -> list[Letter]:
        rows: Iterable[tuple[Any, ...]] = self._run(
            f"select {_COLUMNS} from letters {which} order by id", *values
        )
        return [Letter(*row) for row in rows]

    def _run(self, statement: str, *values: object) -> sqlite3.Cursor:
        try:
            return self._db.execute(statement, values)
        except sqlite3.Error as error:
            raise OSError(f"{self.path}: {error}") from error


def read(path: Path) -> list[Letter]:
    """All dead letters of a file, oldest first; raises OSError if it cannot be read."""
    with closing(LetterFile(path)) as file:
        return file.all()


def newer(
    path: Path, after_id: int, since_ns: int, most: int
) -> tuple[list[Letter], int, int] | None:
    """The first `most` dead letters of a file behind `after_id` and not older than `since_ns`, how
    many more there are, and the id of the last one that there ever was; None if there is nothing
    new. The file is only read. One with lower ids than `after_id` is another file.
    """
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=1.0)) as db:
            db.execute("begin")
            found = db.execute("select seq from sqlite_sequence where name = 'letters'").fetchone()
            last: int = found[0] if found else 0
            if last == after_id:
                return None
            where = f"from letters where id > {after_id if last > after_id else 0:d}"
            where += f" and ts_ns >= {since_ns:d}"
            (count,) = db.execute(f"select count(*) {where}").fetchone()
            rows = db.execute(f"select {_COLUMNS} {where} order by id limit {most:d}").fetchall()
    except sqlite3.Error:
        return None  # its process is just creating it, or it says itself what is wrong with it
    return [Letter(*row) for row in rows], count - len(rows), last
