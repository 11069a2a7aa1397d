"""How the web console is put together from the configuration."""

import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Final

from tapewire.common import extras, roles
from tapewire.common.bus.endpoints import endpoint
from tapewire.common.bus.ports import of_login
from tapewire.common.config.settings import Config
from tapewire.common.config.web import WebConfig
from tapewire.common.errors import ConfigError
from tapewire.common.runtime import tokens
from tapewire.common.runtime.logs import log
from tapewire.common.runtime.process import Process
from tapewire.console.group import launch
from tapewire.console.model.reading import Reading
from tapewire.recorder.capture import Capture
from tapewire.web.access import ROLES
from tapewire.web.hub import Hub
from tapewire.web.service import MARKET, WebService
from tapewire.web.sessions import Sessions

TOPICS: Final = (b"tick.", b"greeks.")
"""Ticks of every symbol and greeks of every option that somebody reads. They name no symbol, so
they open no line."""
FOLDER: Final = "web"
SESSIONS: Final = "sessions.json"


def build(process: Process) -> WebService:
    """Make the tokens, then read and serve."""
    config = process.config
    if not config.web.enabled:
        raise ConfigError("web.enabled is false; expected true for a web console to run")
    for module in ("starlette", "uvicorn"):
        extras.require("[web] enabled", module, "web")
    from tapewire.web.app import application
    from tapewire.web.console import Console, new_secret
    from tapewire.web.desk import Desk
    from tapewire.web.guard import Guard
    from tapewire.web.server import Server

    lock, hub = Lock(), Hub(config.web.viewers_max)
    readings = [Reading(name, one) for name, one in shown(config.model_copy(
        update={"run_dir": process.run_dir}))]  # fmt: skip
    issued = {role: tokens.issue(process.run_dir, roles.WEB, role) for role in ROLES}
    sessions = Sessions(process.run_dir / FOLDER / SESSIONS, issued, new_secret)
    desks = {one.name: Desk(one, partial(hub.tables, one.name), lambda: lock) for one in readings}
    console = Console(
        Guard(config.web, config.web.port), sessions, hub, desks, process.clock,
        log.info,
    )  # fmt: skip
    for number, reading in enumerate(readings):
        process.attach(f"{MARKET}{number}", lambda of=reading: _market(of.config))  # type: ignore[misc]
    return WebService(
        readings, hub, Server(application(console), config.web), lock, process.transport,
        process.clock, epoch=process.epoch, url=url_of(config.web), wait=time.sleep,
    )  # fmt: skip


def shown(config: Config) -> Iterator[tuple[str, Config]]:
    """The groups to show, each by its own name: this one, and those of `web.groups`."""
    names: set[str] = set()
    for one in (config, *_others(config.web.groups)):
        name = base = name_of(one)
        number = 2
        while name in names:
            name, number = f"{base}-{number}", number + 1
        names.add(name)
        yield name, one


def _others(folders: Sequence[Path]) -> Iterator[Config]:
    for folder in folders:
        found = launch.read(folder)
        if found is None:
            log.warning("not shown", run_dir=str(folder), why="no group there")
        else:
            yield found


def name_of(config: Config) -> str:
    """What a group is called: its `web.name`, or the folder that its run directory is in."""
    folder = config.run_dir.absolute()
    named = folder.parent.name if folder.name == "run" else folder.name
    return config.web.name or named or "desk"


def url_of(config: WebConfig) -> str:
    """Where the pages are."""
    host = f"[{config.host}]" if ":" in config.host else config.host
    return f"{config.scheme}://{host}:{config.port}"


def _market(config: Config) -> Capture:
    """The ticks that go to other readers of a group anyway."""
    sources = [
        (endpoint(of_login("market", login.name), config.bus, config.run_dir), TOPICS)
        for login in config.logins()
    ]
    return Capture(sources, config.bus.messages_max)
