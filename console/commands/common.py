"""What all commands share: options, output, groups, the configuration they work on.

What takes long to load (pydantic, rich, supervisor) is loaded by the functions that need it:
`tapewire halt` needs none of it.
"""

import json
import os
import signal
import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from tapewire.common.config.locate import config_path, how_to_get_one
from tapewire.common.config.near import expected
from tapewire.common.errors import ConfigError
from tapewire.console.group import control
from tapewire.console.group.control import Launched, LaunchedBus

if TYPE_CHECKING:
    from tapewire.common.config.settings import Config
    from tapewire.common.logins import Logins

ConfigOption = Annotated[str | None, typer.Option("--config", help="configuration file")]
RunDirOption = Annotated[
    Path | None, typer.Option("--run-dir", help="a group's run directory; reads no configuration")
]
GatewayOption = Annotated[
    str, typer.Option(help="which of [[gateways]]; needed where there are several")
]
JsonOption = Annotated[bool, typer.Option("--json", help="print JSON, for programs")]

EXIT_FAILED = 1


class CommandGroup(TyperGroup):
    """A group of commands that runs `list` where none of them is named: `tapewire orders --live` is
    `tapewire orders list --live`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put in the command that was left out; not where a shell asks how a line may go on."""
        if ctx.resilient_parsing:
            return super().parse_args(ctx, args)
        wants_help = any(word in ctx.help_option_names for word in args[:1])
        if not wants_help and (not args or args[0].startswith("-")):
            args = ["list", *args]
        return super().parse_args(ctx, args)


def command_group(help_text: str) -> typer.Typer:
    """A group of commands, to be added to the command line by its name."""
    return typer.Typer(cls=CommandGroup, help=help_text, rich_markup_mode=None)


# ---- the configuration ---------------------------------------------------------------------------


def load(path: str | None) -> "Config":
    """The configuration in force; its file also becomes that of the processes a command starts."""
    from tapewire.common.config import settings as configuration

    found = config_path(path)
    if found is not None:
        os.environ["TAPEWIRE_CONFIG"] = str(found.absolute())
    return configuration.load()


def require_file(path: str | None) -> None:
    """Refuse a folder without a configuration: the defaults alone are not meant for trading."""
    if config_path(path) is None:
        raise ConfigError(f"no tapewire.toml in {Path.cwd()}; {how_to_get_one()}")


def load_strategies(path: str | None) -> "Config":
    """The configuration in force, of which the strategies are to run. In a folder without any, what
    is missing is the file, and not a table in it."""
    config = load(path)
    if not config.strategies:
        require_file(path)
    return config


def running(path: str | None, run_dir: Path | None = None) -> Launched:
    """The group that runs; raises `GroupError` if none does.

    While one runs, the run directory is all that is read of the configuration. If none does, an
    error in the configuration is reported first.
    """
    found = control.find(path, run_dir)
    if found is not None:
        return found
    from tapewire.console.group.supervisor import Group, GroupError

    config = load_started(path, run_dir)
    if not Group(config).is_up():
        raise GroupError(
            f"no group runs in {config.run_dir}; `tapewire up` starts one, --run-dir names one that"
            " runs elsewhere. Earlier halts stay in force"
        )
    bus = config.bus
    return Launched(
        config.run_dir,
        LaunchedBus(bus.transport, bus.host, bus.ports),
        frozenset(one.symbol for one in config.instruments),
        frozenset(one.name for one in config.strategies),
    )


def load_started(path: str | None, run_dir: Path | None = None) -> "Config":
    """What a group that runs was started with; otherwise the configuration in force.

    You can still look at it and halt it if the file is refused, or names another run directory.
    """
    from tapewire.console.group import launch
    from tapewire.console.group.supervisor import Group

    if run_dir is not None:
        kept = launch.read(run_dir)
        if kept is None:
            there = (run_dir / control.FILE).exists()
            raise ConfigError(
                f"--run-dir {run_dir}: its {control.FILE} cannot be read; it is damaged, or of"
                " another version of Tapewire: use that version to look at it"
                if there
                else f"--run-dir {run_dir}: no group was started there"
            )
        return kept
    if "TAPEWIRE_RUN_DIR" not in os.environ:
        require_file(path)
    try:
        config = load(path)
    except ConfigError as refused:
        file = config_path(path)
        if file is not None and not file.is_file():
            raise  # it is not known which group is meant
        kept = launch.read(control.run_dir_of(path))
        if kept is None:
            hint = "use --run-dir to name the group, if one runs"
            raise ConfigError(f"{refused}\n{hint}") from refused
        why = "; ".join(str(refused).splitlines())
        note(f"the configuration is refused ({why}); using the one the group was started with")
        return kept
    kept = launch.read(config.run_dir)
    return kept if kept is not None and Group(kept).is_up() else launch.at_started_host(config)


def require_home(config: "Config") -> None:
    """Raise `ConfigError` on a far host, which has no journals: it would show that there is nothing
    where there may be a lot."""
    placement = config.placement()
    if placement.is_far and placement.home is not None:
        raise ConfigError(
            f"this is {placement.here}, a far host, and the journals are at home: run it on"
            f" {placement.home.name}"
        )


# ---- arguments -----------------------------------------------------------------------------------


def require_known(option: str, given: str | None, known: Collection[str]) -> None:
    """Refuse a name that is not `known`, and list those that are; None is always accepted."""
    if given is not None and given not in known:
        raise ConfigError(f"{option} is {given!r}, which is not known; {expected(given, known)}")


def require_starts(option: str, given: Iterable[str] | None, known: Collection[str]) -> None:
    """Refuse what no `known` name starts with."""
    for start in given or ():
        if not any(name.startswith(start) for name in known):
            require_known(option, start, known)


def gateway_role(logins: "Logins", name: str) -> str:
    """The gateway that is meant: the one of that name, or the only one."""
    login = logins.named(name) if name or len(logins) > 1 else next(iter(logins))
    if login is None:
        names = sorted(one.name for one in logins)
        if not name:
            raise ConfigError(f"--gateway is missing; name one of {', '.join(names)}")
        known = expected(name, names)
        raise ConfigError(f"--gateway is {name!r}, which is none of the [[gateways]]; {known}")
    return login.gateway


def confirm(command: str, question: str) -> None:
    """Ask a person; a program must say --yes."""
    if not sys.stdin.isatty():
        raise ConfigError(f"{command} needs a confirmation and there is no terminal; use --yes")
    if not typer.confirm(question, err=True):
        raise typer.Exit(EXIT_FAILED)


# ---- the end -------------------------------------------------------------------------------------


@contextmanager
def as_on_ctrl_c() -> Iterator[None]:
    """SIGTERM and the end of the terminal end what is within as Ctrl-C does, once: a second of
    them must not interrupt that. A hang-up that is ignored already (nohup) stays so."""
    hangs_up = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
    numbers = [signal.SIGTERM, *([signal.SIGHUP] if hangs_up else [])]
    terminals = [one for one in (1, 2) if os.isatty(one)]  # asked for now: a closed one is none

    def end(number: int, _frame: object) -> NoReturn:
        for one in numbers:
            signal.signal(one, signal.SIG_IGN)
        if number == signal.SIGHUP:
            for descriptor in terminals:  # to write there would raise
                os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# ---- output --------------------------------------------------------------------------------------


def note(sentence: str) -> None:
    """Print something beside the answer: on standard error."""
    print(sentence, file=sys.stderr)


def answer(as_json: bool, found: dict[str, Any], sentence: str) -> None:
    """Print what was found: as one JSON object, or as a sentence."""
    if as_json:
        print(json.dumps(found))
    else:
        print(sentence)


@contextmanager
def printing() -> Iterator[None]:
    """Ctrl-C, SIGTERM and a closed pipe (`| head`) end a stream of lines in order."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        signal.signal(signal.SIGTERM, before)


def line(found: Any) -> None:
    """Print one line now: text as it is, anything else as JSON.

    It is one write, so that Ctrl-C cannot fall between a line and its end.
    """
    text = found if isinstance(found, str) else json.dumps(found, default=str)
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
