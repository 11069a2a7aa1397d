"""What a group is launched with, and the journals that an earlier one left in its run directory."""

import contextlib
import socket
import time
from pathlib import Path
from typing import Final

from tapewire.common import roles
from tapewire.common.config.settings import Config
from tapewire.common.runtime import (
    checkpoint,
    head_file,
    head_log,
    keeper,
    key_files,
    private_file,
)
from tapewire.common.runtime.disk import MB
from tapewire.common.runtime.journal import (
    GENESIS,
    LOG_BYTES,
    Head,
    JournalDamagedError,
    JournalVersionError,
    SqliteJournal,
)
from tapewire.common.runtime.launched import FILE, of, read, text_of
from tapewire.common.runtime.process import RESERVED
from tapewire.common.runtime.reserve import free_bytes
from tapewire.common.runtime.role_lock import RoleTaken, take_role
from tapewire.console.group.supervisord import GroupError
from tapewire.strategy.loading.searching import HOME

__all__ = [
    "FILE",
    "archived",
    "keep",
    "of",
    "of_another_account",
    "prepare_journals",
    "read",
    "require_loadable",
    "require_room",
    "require_version",
]

FULL: Final = (*roles.GATEWAYS, roles.RISK)
"""The kinds of journals whose logs have their size from the start."""
OF_THE_ACCOUNT: Final = (*roles.GATEWAYS, roles.EXECUTOR)
"""The kinds of journals that are about what a broker did."""


def keep(config: Config, run_dir: Path) -> None:
    """Write down the configuration in force, readable by this user alone.

    The group can then be controlled whatever becomes of the configuration file.
    """
    private_file.write(run_dir / FILE, text_of(config))


def of_another_account(before: Config, now: Config) -> bool:
    """Whether the broker's account behind `now` may be another one than that behind `before`."""

    def place(config: Config) -> tuple[object, ...]:
        simulated = config.simulator.enabled  # which is not at the address of [tws]
        logins = [config.at_login(login.name) for login in config.logins()]
        addresses = () if simulated else tuple((one.tws.host, one.tws.port) for one in logins)
        live = tuple(one.live_account for one in logins)
        return simulated, addresses, config.mode, live, config.logins().gateways

    return place(before) != place(now)


def at_started_host(config: Config) -> Config:
    """The configuration on the host whose part of the group was started in its run directory; the
    configured host where none was."""
    started = read(config.run_dir)
    return (
        config
        if started is None or started.host not in _names(config)
        else (config.at_host(started.host))
    )


def _names(config: Config) -> list[str]:
    return [one.name for one in config.hosts]


def supervisord_conf(config: Config, run_dir: Path) -> Path:
    """What supervisord is started with: the group's file, and on a far host the part of it that is
    about supervisord itself, since none of the processes in it runs there."""
    whole = HOME / "supervisord.conf"
    if not config.placement().is_far:
        return whole
    path = run_dir / "supervisord.conf"
    private_file.write(path, whole.read_text().partition("\n[program:")[0] + "\n")
    return path


def require_keys(config: Config, run_dir: Path) -> None:
    """Raise `GroupError` where other hosts are configured and what proves who this one is, or who
    home is, is missing."""
    placement = config.placement()
    if not placement.far:
        return
    if key_files.own(run_dir) is None:
        raise GroupError(
            f"there are other [[hosts]], and {run_dir} has no keys; `tapewire keys new` makes this"
            " host's"
        )
    if placement.is_far and key_files.home(run_dir) is None:
        raise GroupError(
            f"{run_dir} does not know the public key of home; `tapewire keys trust KEY` tells it"
        )


def require_address(config: Config) -> None:
    """Raise `GroupError` where this machine has not the address of the host whose part is to be
    started: without `--host` a far host would start the whole group once more, at one account."""
    placement = config.placement()
    if not placement.far:
        return
    here = next(one for one in placement.places if one.name == placement.here)
    family = socket.AF_INET6 if ":" in here.address else socket.AF_INET
    try:
        with socket.socket(family) as tried:
            tried.bind((here.address, 0))
    except OSError as error:
        others = " or ".join(f"--host {one.name}" for one in placement.places if one != here)
        raise GroupError(
            f"this is not host {here.name}: {here.address} is no address of this machine"
            f" ({error.strerror}); expected `tapewire up` with {others}, or an address of it in"
            " [[hosts]]"
        ) from error


def require_loadable(config: Config) -> None:
    """Raise `ConfigError` naming the order type, or the entry of [[risk.rules]], that the group's
    processes could not load. A part on another host has none of those that load rules."""
    from tapewire.common.config.order_types import load_order_types
    from tapewire.risk.rules import load_rules  # only a start needs all the rules

    load_order_types(config.orders.types)
    if not config.placement().is_far:
        load_rules(config.risk.rules)


def forget_simulated(config: Config, run_dir: Path) -> None:
    """On a far host, forget what was remembered of the journals at home if the simulator is the
    broker: they start over with each start there."""
    for name in config.logins().roles if config.simulator.enabled else ():
        if roles.kind_of(name) in OF_THE_ACCOUNT:
            head_file.replace(run_dir, name, None)


# ---- room on the disk ----------------------------------------------------------------------------


def require_room(config: Config, run_dir: Path) -> None:
    """Raise `GroupError` if the run directory's disk is too full to trade."""
    storage, free = config.storage, free_bytes(run_dir)
    kept = [role for role in config.logins().roles if roles.kind_of(role) in RESERVED]
    full = [role for role in config.logins().roles if roles.kind_of(role) in FULL]
    reserves = sum(not (run_dir / "reserve" / role).exists() for role in kept)
    logs = sum(not (run_dir / "journals" / f"{role}.sqlite").exists() for role in full)
    laid_out_bytes = reserves * storage.reserve_mb * MB + logs * LOG_BYTES
    needed = storage.free_resume_mb * MB + laid_out_bytes
    if free < needed:
        raise GroupError(
            f"the disk of {run_dir} has {free:,} bytes free, and {needed:,} are needed:"
            f" {storage.free_resume_mb * MB:,} to trade (storage.free_resume_mb), and"
            f" {laid_out_bytes:,} that journals and reserves take at once; free some space, or"
            " choose another run_dir"
        )


# ---- journals ------------------------------------------------------------------------------------


def prepare_journals(config: Config, run_dir: Path) -> str:
    """Make the journals ready for a start; returns what was archived, in a sentence, or "".

    The simulator's account starts empty with every group, and does not exist once TWS takes its
    place, so the journals about it are archived. Risk's stays, as a halt outlives the group, unless
    another version of Tapewire wrote it: then the simulator starts without it, and without what
    that version kept under names of its own. With a real account a journal of another version
    raises `JournalVersionError`, before anything is moved.
    """
    simulated = config.simulator.enabled
    found = sorted((run_dir / "journals").glob("*.sqlite"))
    starts_over = simulated or _was_simulated(run_dir)
    names = [p.stem for p in found if starts_over and roles.kind_of(p.stem) in OF_THE_ACCOUNT]
    others = [path for path in found if path.stem not in names]
    if not simulated:
        for path in others:
            require_version(path)
    dropped = [path.stem for path in others if not _is_readable(path)]
    archive = archived(run_dir, [*names, *dropped])
    if archive is None:
        return ""
    written = head_log.path_of(config)
    if roles.RISK in dropped and written.exists():
        head_log.accept(written, Head(0, GENESIS), f"it is in {archive}, of another version")
    lifted = "; risk's journal is of another version, so an earlier halt is lifted"
    risk = lifted if roles.RISK in dropped else ""
    return (
        f"earlier trading is in {archive}, as the simulator's account starts empty; look at it with"
        f" `tapewire blotter --run-dir {archive}`{risk}"
    )


def archived(run_dir: Path, names: list[str]) -> Path | None:
    """Move these journals to a folder in `ended/`, which is like a run directory itself. Returns
    it, or None if there were none."""
    journals = run_dir / "journals"
    old = [path for name in names for path in journals.glob(f"{name}.sqlite*")]
    if not old:
        return None
    try:
        (run_dir / "locks").mkdir(mode=0o700, exist_ok=True)
        lock = take_role(run_dir, keeper.WORK)
    except RoleTaken as error:
        raise GroupError(f"{error}; it reads the journals, so try again in a minute") from error
    with lock:
        return _move(run_dir, names, old)


def _move(run_dir: Path, names: list[str], old: list[Path]) -> Path:
    """Move the files `old` of these journals, and what belongs to them."""
    archive = run_dir / "ended" / time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    (archive / "journals").mkdir(mode=0o700, parents=True)
    for path in old:
        path.rename(archive / "journals" / path.name)
    for name in names:
        head_file.replace(run_dir, name, None)  # they start over, on purpose
    checkpoint.discard(run_dir)
    for path in [*run_dir.glob("audit*.jsonl"), run_dir / FILE]:
        if path.exists():  # reading the journals needs the launch configuration
            path.rename(archive / path.name)
    return archive


def require_version(path: Path) -> None:
    """Raise `JournalVersionError` for a journal that another version of Tapewire wrote. About one
    that is damaged its own process says what is wrong, and the others start."""
    if path.stat().st_size:
        with contextlib.suppress(JournalDamagedError):
            SqliteJournal(path, read_only=True).close()


def _is_readable(path: Path) -> bool:
    try:
        require_version(path)
    except JournalVersionError:
        return False
    return True


def _was_simulated(run_dir: Path) -> bool:
    return any((run_dir / "programs").glob(f"{roles.SIMULATOR}*.conf"))
