"""`keys`: which hosts may connect to this one, and as whom."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from tapewire.common.bus.access import KEYS
from tapewire.common.bus.allowed import Allowed, is_name, shown
from tapewire.common.bus.curve import key_of
from tapewire.common.bus.endpoints import prepare_run_dir
from tapewire.common.errors import ConfigError
from tapewire.common.runtime import key_files, private_file
from tapewire.console.commands.common import (
    ConfigOption,
    JsonOption,
    answer,
    command_group,
    load,
    note,
    require_file,
    require_known,
)
from tapewire.console.group import control

PublicKey = Annotated[str, typer.Argument(help="as `tapewire keys new` printed it")]
KeysOfOption = Annotated[
    Path | None, typer.Option("--run-dir", help="the run directory; reads no configuration")
]

keys = command_group("The keys of hosts; `tapewire keys` lists them.")


@keys.command("list")
def list_keys(
    config: ConfigOption = None, run_dir: KeysOfOption = None, as_json: JsonOption = False
) -> None:
    """This host's public key, the one of home that it trusts, and the keys that may connect here.
    Secret keys are never printed."""
    place = _place(config, run_dir)
    own, home = key_files.own(place), key_files.home(place)
    allowed = key_files.allowed(place)
    found = {
        "public": own.public.decode() if own is not None else None,
        "home": home.decode() if home is not None else None,
        "allowed": [_as_json(one) for one in allowed],
    }
    lines = [
        f"this host  {found['public'] or 'has no key: `tapewire keys new` makes one'}",
        f"home       {found['home'] or 'none is trusted'}",
        *map(_line, allowed),
    ]
    answer(as_json, found, "\n".join(lines))


@keys.command("new")
def new_key(
    replace: Annotated[
        bool, typer.Option("--replace", help="in place of the one there is")
    ] = False,
    config: ConfigOption = None,
    run_dir: KeysOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make this host's pair of keys, and print the public one."""
    place = _prepared(config, run_dir)
    public = key_files.make_own(place, replace=replace).public.decode()
    answer(as_json, {"public": public, "replaced": replace}, public)
    if not as_json:
        note(
            "the public key, for other hosts: at home `tapewire keys allow`, elsewhere `tapewire"
            " keys trust`. What runs here takes it at its next start"
        )


@keys.command("allow")
def allow_key(
    public_key: PublicKey,
    host: Annotated[str, typer.Option(help="whose key it is, as [[hosts]] has it")],
    role: Annotated[str, typer.Option(help=" | ".join(KEYS))],
    config: ConfigOption = None,
    run_dir: KeysOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a host connect with its key; the one that it had in this role is no longer allowed."""
    require_known("--role", role, KEYS)
    key = key_of(public_key)
    _require_others(key, _place(config, run_dir), "the key of another host")
    if not is_name(host):
        raise ConfigError(
            f"--host is {host!r:.60}; expected letters, digits, - and _, at most 32 of them"
        )
    entry = Allowed(key, host, role)
    replaced = key_files.allow(_prepared(config, run_dir), entry)
    gone = "".join(f"\nno longer allowed: {_named(one)}" for one in replaced)
    found = {"allowed": _as_json(entry), "replaced": [_as_json(one) for one in replaced]}
    answer(as_json, found, f"allowed: {_named(entry)}{gone}")
    if run_dir is None and (where := _unlisted(config, host)):
        note(where)


@keys.command("revoke")
def revoke_key(
    key: Annotated[str, typer.Argument(help="its first 8 characters or more")] = "",
    host: Annotated[str, typer.Option(help="all keys of this host")] = "",
    config: ConfigOption = None,
    run_dir: KeysOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """Shut out a key, or all keys of a host. Connections with it end within a second."""
    if bool(key) == bool(host):
        raise ConfigError("name either a KEY or a --host; `tapewire keys` lists both")
    gone = key_files.revoke(_prepared(config, run_dir), key, host)
    found = {"revoked": [_as_json(one) for one in gone]}
    answer(as_json, found, "\n".join(f"no longer allowed: {_named(one)}" for one in gone))


@keys.command("trust")
def trust_key(
    public_key: PublicKey,
    config: ConfigOption = None,
    run_dir: KeysOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """Connect to the home with this key, and to no other."""
    key = key_of(public_key)
    _require_others(key, _place(config, run_dir), "home's key")
    before = key_files.trust(_prepared(config, run_dir), key)
    instead = f"; no longer {shown(before)}" if before not in (None, key) else ""
    found = {"home": key.decode(), "before": before.decode() if before is not None else None}
    answer(as_json, found, f"home is trusted by its key {shown(key)}{instead}")


def _require_others(key: bytes, place: Path, expected: str) -> None:
    """Two keys of 40 characters are easily taken for each other."""
    own = key_files.own(place)
    if own is not None and own.public == key:
        raise ConfigError(f"{shown(key)} is this host's own key; expected {expected}")


def _unlisted(config: str | None, host: str) -> str:
    """What to say where the configuration has no far host of this name; empty where it has one, or
    cannot be read now: keys may be exchanged before it is written."""
    try:
        known = [one.name for one in load(config).placement().far]
    except ConfigError:
        return ""
    if host in known:
        return ""
    which = f"has {', '.join(known)}" if known else "is empty"
    return f"[[hosts]] has no far host {host} ({which}); this key gets nobody in until it has"


def _line(one: Allowed) -> str:
    return f"{one.host:<10} {one.role:<10} {one.key.decode()}"


def _named(one: Allowed) -> str:
    return f"{one.key.decode()} of {one.host}, {one.role}"


def _as_json(one: Allowed) -> dict[str, Any]:
    return {"host": one.host, "role": one.role, "key": one.key.decode()}


def _place(config: str | None, run_dir: Path | None) -> Path:
    """The run directory that is meant; of the configuration nothing else is read."""
    if run_dir is not None:
        return run_dir
    if "TAPEWIRE_RUN_DIR" not in os.environ:
        require_file(config)
    return control.run_dir_of(config)


def _prepared(config: str | None, run_dir: Path | None) -> Path:
    with private_file.private():
        return prepare_run_dir(_place(config, run_dir))


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(keys, name="keys")
