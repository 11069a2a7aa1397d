"""The files of the page: HTML, CSS and JavaScript as they are, with uPlot from the report's vendor.

They are read once, at the start, and each by its name: no path of a request reaches the disk.
"""

import hashlib
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

STATIC: Final = Path(__file__).with_name("static")
VENDOR: Final = Path(__file__).resolve().parents[1] / "backtest" / "report" / "vendor"
UPLOT: Final = ("uPlot.iife.min.js", "uPlot.min.css")
TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
PLACES: Final = {"index.html": "/", "login.html": "/login"}


class File:
    """One file, as it is served."""

    def __init__(self, path: Path) -> None:
        self._content = path.read_bytes()
        self._type = TYPES[path.suffix]
        self._tag = f'"{hashlib.sha256(self._content).hexdigest()[:32]}"'

    async def __call__(self, request: Request) -> Response:
        """The file; nothing where the browser has it already."""
        if request.headers.get("if-none-match") == self._tag:
            return Response(status_code=304, headers={"ETag": self._tag})
        return Response(self._content, media_type=self._type, headers={"ETag": self._tag})


def files() -> dict[str, Path]:
    """Each file by the path that it is served at."""
    found = {
        PLACES.get(path.name, f"/static/{path.name}"): path
        for path in sorted(STATIC.iterdir())
        if path.suffix in TYPES
    }
    return found | {f"/static/{name}": VENDOR / name for name in UPLOT}


def routes() -> list[Route]:
    """A route for each file."""
    return [Route(at, File(path).__call__, methods=["GET"]) for at, path in files().items()]
