"""Tokens as files: RUN_DIR/tokens/SERVER.CLIENT, mode 0600, created at each start of the server.

A server writes them before it opens a socket. A client looks at each message whether the file is
another one, so it has the token of whatever start it is talking to.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tapewire.common.runtime import private_file

FOLDER: Final = "tokens"
TOKEN_BYTES: Final = 16

Token = Callable[[], bytes]
"""Gives the token in force; empty if there is none."""


def path_of(run_dir: Path, server: str, client: str) -> Path:
    """Where the token is that `client` needs for `server`."""
    return run_dir / FOLDER / f"{server}.{client}"


def issue(run_dir: Path, server: str, client: str) -> bytes:
    """Make a new token for a client of this start of the server."""
    token = os.urandom(TOKEN_BYTES).hex()
    private_file.write(path_of(run_dir, server, client), token)
    return token.encode()


class TokenFile:
    """A client's token, read again whenever its server has made another."""

    def __init__(self, path: Path) -> None:
        self._path = os.fspath(path)  # a `stat` of a text takes half as long
        self._version: tuple[int, int] | None = None
        self._token = b""

    def __repr__(self) -> str:
        return f"<TokenFile {self._path}>"

    def __call__(self) -> bytes:
        """The token in force; empty where the server was never started."""
        try:
            found = os.stat(self._path)
            version = (found.st_mtime_ns, found.st_ino)
            if version != self._version:
                self._token, self._version = Path(self._path).read_bytes().strip(), version
        except OSError:
            self._token, self._version = b"", None
        return self._token
