"""Which requests are looked at: by name, origin, method and kind of body."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from tapewire.common.config.settings import WebConfig
from tapewire.web.access import Refused
from tapewire.web.app import cookie_name
from tapewire.web.guard import BODY_MAX_BYTES, Guard

PORT = 8420
HERE = {"host": "127.0.0.1:8420"}
ORIGIN = {"origin": "http://127.0.0.1:8420"}
POSTED = {"content-type": "application/json", "content-length": "2"}


def status(method: str, headers: dict[str, str], *, by_cookie: bool = True) -> int:
    try:
        Guard(WebConfig(), PORT).require(method, headers, by_cookie=by_cookie)
    except Refused as refused:
        return refused.status
    return 200


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8420", "localhost:8420", "LOCALHOST:8420", "[::1]:8420"]
)
def test_the_names_of_this_console_are_let_in(host: str) -> None:
    assert status("GET", {"host": host}) == 200


@pytest.mark.parametrize(
    "host",
    ["", "127.0.0.1", "127.0.0.1:80", "evil.example:8420", "127.0.0.1:8420.evil.example",
     "localhost.evil.example:8420", "127.0.0.1:8420@evil.example"],
)  # fmt: skip
def test_any_other_host_is_refused_whatever_is_asked(host: str) -> None:
    assert status("GET", {"host": host}) == 421
    assert status("POST", {"host": host, **ORIGIN, **POSTED}) == 421


@pytest.mark.parametrize(
    "origin",
    ["null", "https://127.0.0.1:8420", "http://127.0.0.1:8421", "http://evil.example",
     "http://127.0.0.1:8420.evil.example", ""],
)  # fmt: skip
def test_a_forged_origin_is_refused(origin: str) -> None:
    assert status("POST", {**HERE, **POSTED, "origin": origin}) == 403
    assert status("GET", {**HERE, "origin": origin}) == 403


def test_a_browser_posts_with_its_origin_and_a_program_without() -> None:
    assert status("POST", {**HERE, **POSTED, **ORIGIN}) == 200
    assert status("POST", {**HERE, **POSTED}) == 403
    assert status("POST", {**HERE, **POSTED}, by_cookie=False) == 200


@pytest.mark.parametrize(
    ("site", "expected"),
    [("same-origin", 200), ("none", 200), ("cross-site", 403), ("same-site", 403)],
)
def test_what_another_site_leads_to_is_refused(site: str, expected: int) -> None:
    assert status("GET", {**HERE, "sec-fetch-site": site}) == expected


@pytest.mark.parametrize(
    "kind",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
     "text/plain; application/json"],
)  # fmt: skip
def test_a_post_is_json_and_nothing_that_a_form_can_send(kind: str) -> None:
    headers = {**HERE, **ORIGIN, **POSTED, "content-type": kind}
    assert status("POST", headers) == 415


def test_a_post_says_how_long_it_is_and_is_short() -> None:
    headers = {**HERE, **ORIGIN, **POSTED}
    assert status("POST", {**headers, "content-length": str(BODY_MAX_BYTES + 1)}) == 413
    assert status("POST", {k: v for k, v in headers.items() if k != "content-length"}) == 411
    assert status("POST", {**headers, "content-type": "application/json; charset=utf-8"}) == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH"])
def test_other_methods_are_refused_the_question_before_a_foreign_post_among_them(
    method: str,
) -> None:
    assert status(method, {**HERE, **ORIGIN}) == 405


def test_with_a_certificate_the_origin_is_https_and_443_needs_no_port() -> None:
    config = WebConfig(certificate="cert.pem", key="key.pem", hosts=("desk.example",))
    guard = Guard(config, 443)
    guard.require("GET", {"host": "desk.example", "origin": "https://desk.example"}, by_cookie=True)
    with pytest.raises(Refused):
        guard.require("GET", {"host": "desk.example", "origin": "http://desk.example"},
                      by_cookie=True)  # fmt: skip


@pytest.mark.parametrize("host", ["fd00::1", "10.0.0.1", "::1"])
def test_the_cookie_is_named_by_the_port_on_every_address(tmp_path: Path, host: str) -> None:
    pem = tmp_path / "x.pem"
    config = WebConfig(host=host, beyond_loopback=True, certificate=pem, key=pem)
    console = SimpleNamespace(guard=Guard(config, 443))
    assert cookie_name(console) == "tapewire_443"  # type: ignore[arg-type]
