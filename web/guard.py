"""The guard: which requests are looked at at all, whoever sends them.

What it keeps out
-----------------
A page of another site can make the browser of somebody who is logged in send requests here. And a
site can let its own name point to 127.0.0.1, so that the browser takes what is here for that
site's. So:

*   `Host` must be one of the names of this console: a name that was pointed here is refused.
*   `Origin`, where a browser sends it, must be one of this console's; with `Sec-Fetch-Site` it must
    say that the request comes from here, or from nowhere (an address that a person typed).
*   What changes anything is a POST of `application/json`, which no form of another site can send
    without asking first, and nothing here ever answers that question with yes.
*   A POST that a cookie vouches for must carry an `Origin`. A program that shows a token is none
    that a browser sends by itself.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from tapewire.common.config.web import WebConfig
from tapewire.web.access import Refused

BODY_MAX_BYTES: Final = 16 * 1024
JSON: Final = "application/json"
METHODS: Final = ("GET", "HEAD", "POST")
FROM_HERE: Final = ("same-origin", "none")

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        " connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none';"
        " form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
"""What every answer carries: nothing but this console's own files is loaded, framed or called."""
STRICT_TRANSPORT: Final = "max-age=31536000"


class Guard:
    """Knows the names and origins of one console, which listens on `port`."""

    def __init__(self, config: WebConfig, port: int) -> None:
        names = {config.host, *config.hosts}
        if config.is_loopback:
            names |= {"localhost", "127.0.0.1", "::1"}
        self.port = port
        self.hosts = frozenset(_authorities(names, port, config.scheme))
        self.origins = frozenset(f"{config.scheme}://{host}" for host in self.hosts)

    def require(self, method: str, headers: Mapping[str, str], *, by_cookie: bool) -> None:
        """Raise `Refused` for a request that is not to be looked at."""
        host = headers.get("host", "").lower()
        if host not in self.hosts:
            raise Refused(421, f"Host is {host[:80]!r}, which is none of this console's names")
        if method not in METHODS:
            raise Refused(405, f"{method[:16]} is not known here; expected GET or POST")
        self._require_origin(method, headers, by_cookie=by_cookie)
        if method == "POST":
            _require_json(headers)

    def _require_origin(self, method: str, headers: Mapping[str, str], *, by_cookie: bool) -> None:
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if origin is not None and origin.lower() not in self.origins:
            raise Refused(403, "the request comes from a page of another origin")
        if site is not None and site not in FROM_HERE:
            raise Refused(403, "the request comes from a page of another site")
        if method == "POST" and by_cookie and origin is None:
            raise Refused(403, "a POST of a browser must carry its Origin")


def _authorities(names: Iterable[str], port: int, scheme: str) -> Iterable[str]:
    default = 443 if scheme == "https" else 80
    for name in names:
        shown = f"[{name}]" if ":" in name else name.lower()
        yield f"{shown}:{port}"
        if port == default:
            yield shown


def _require_json(headers: Mapping[str, str]) -> None:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        raise Refused(415, f"a POST must be {JSON}")
    length = headers.get("content-length", "")
    if not length.isdecimal():
        raise Refused(411, "a POST must give its Content-Length")
    if int(length) > BODY_MAX_BYTES:
        raise Refused(413, f"a POST may have {BODY_MAX_BYTES:,} bytes at most")
