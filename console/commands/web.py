"""`web`: the address of the web console, with a login that works once."""

import json
import os
import ssl
import sys
import urllib.error
import urllib.request
import webbrowser
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from tapewire.common import roles
from tapewire.common.errors import TapewireError
from tapewire.common.runtime import tokens
from tapewire.console.commands.common import (
    ConfigOption,
    JsonOption,
    RunDirOption,
    answer,
    load_started,
)
from tapewire.console.group import status
from tapewire.console.group.supervisor import web_lacks

TIMEOUT_S = 5.0


class NoPage(TapewireError):
    """There is no web console to look at; says why."""


class WebRole(StrEnum):
    """What a login may do."""

    VIEWER = "viewer"
    TRADER = "trader"
    ADMIN = "admin"


def web(
    role: Annotated[WebRole, typer.Option("--role", help="what it may do")] = WebRole.ADMIN,
    no_open: Annotated[bool, typer.Option("--no-open", help="only print the address")] = False,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open the web console. The address that it prints logs in once, within a minute.

    Every login may look, and may halt; a trader also trades, and an admin also starts and stops
    strategies.
    """
    found = load_started(config, run_dir)
    url = _url(found.run_dir)
    code = _code(url, found.run_dir, role.value, found.web.certificate)
    address = f"{url}/login#{code}"
    answer(as_json, {"url": url, "login": address, "role": role.value}, address)
    if not (no_open or as_json) and _has_browser():
        webbrowser.open(address)


def _url(run_dir: Path) -> str:
    """Where its pages are; raises `NoPage` where there are none."""
    known = status.read(run_dir).get(roles.WEB)
    if known is None:
        if lacking := web_lacks():
            raise NoPage(f"there is no web console: {lacking}, then start the group again")
        raise NoPage(
            f"no web console runs in {run_dir}; `tapewire up` starts it with the group, unless"
            " web.enabled is false"
        )
    state, reason = status.state_of(known)
    if state != "READY" or not known.get("url"):
        raise NoPage(f"the web console is {state}: {reason or 'it serves no page yet'}")
    return str(known["url"])


def _code(url: str, run_dir: Path, role: str, certificate: Path | None) -> str:
    """A login that works once, asked for with the role's token."""
    token = tokens.TokenFile(tokens.path_of(run_dir, roles.WEB, role))().decode()
    request = urllib.request.Request(
        f"{url}/api/codes",
        data=b"{}",
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    try:
        with _opener(certificate).open(request, timeout=TIMEOUT_S) as reply:
            found: Any = json.load(reply)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise NoPage(f"the web console at {url} gave no login: {error}") from error
    return str(found["code"])


def _opener(certificate: Path | None) -> urllib.request.OpenerDirector:
    """Speaks to this machine without any proxy; trusts the console's own certificate."""
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if certificate is not None:
        context = ssl.create_default_context(cafile=certificate)
        context.check_hostname = False  # it is for the name that others use
        handlers.append(urllib.request.HTTPSHandler(context=context))
    return urllib.request.build_opener(*handlers)


def _has_browser() -> bool:
    """Whether a browser would open a window: in a terminal alone, one would take it over."""
    named = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    return sys.stdout.isatty() and (named or sys.platform in ("darwin", "win32"))


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(web)
