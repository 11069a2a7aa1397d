"""`scale`: more or fewer instances of a strategy, while everything runs."""

from typing import Annotated, NamedTuple

import typer

from tapewire.common import roles
from tapewire.common.amounts import counted
from tapewire.common.config.settings import Config, ConfigError
from tapewire.console.commands.common import EXIT_FAILED, ConfigOption, JsonOption, answer, load
from tapewire.console.commands.lifecycle import READY_WITHIN_S, WaitOption, late_as_json, reasons
from tapewire.console.group import launch
from tapewire.console.group.changing import changing
from tapewire.console.group.supervisor import Group
from tapewire.console.group.supervisord import GroupError


class Scaled(NamedTuple):
    """The processes of a strategy's instances, and what was done to them."""

    instances: list[str]
    started: list[str]
    stopped: list[str]
    restarted: list[str]

    def __str__(self) -> str:
        done = [
            f"{verb} {', '.join(names)}"
            for verb, names in (
                ("started", self.started),
                ("stopped", self.stopped),
                ("restarted, since their symbols changed,", self.restarted),
            )
            if names
        ]
        if self.stopped or self.restarted:
            done.append("positions stay with the instance that traded them")
        what = "; ".join(done) or "nothing to do"
        return f"{what}. Instances now: {', '.join(self.instances)}"


def scale(
    name: Annotated[str, typer.Argument(help="a strategy of [[strategies]]")],
    count: Annotated[int, typer.Argument(min=1, help="how many instances of it")],
    shards: Annotated[bool, typer.Option("--shards", help="divide its symbols among them")] = False,
    wait: WaitOption = READY_WITHIN_S,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run COUNT instances of a strategy: NAME, NAME-2, NAME-3 ...

    The other processes keep running. Each instance reads all of the strategy's symbols; with
    --shards they are divided, and instances whose share changes are restarted. Lasts until `down`.
    Status 1 unless its instances are READY within --wait.
    """
    group = Group(launch.at_started_host(load(config)))
    scaled = resize(group, name, count, shards)
    late = group.wait_ready(wait, scaled.instances) if wait else {}
    found = {
        "strategy": name,
        "shards": shards,
        **scaled._asdict(),
        "not_ready": late_as_json(late),
    }
    answer(as_json, found, "\n".join([str(scaled), *reasons(late)]))
    raise typer.Exit(EXIT_FAILED if late else 0)


def resize(group: Group, name: str, count: int, shards: bool = False) -> Scaled:
    """Bring the strategy to `count` instances; raises before it has changed anything."""
    wanted = sections(group.config, name, count, shards)
    if not group.is_up():
        raise GroupError(f"no group runs in {group.run_dir}; `tapewire up` starts one")
    with changing(group.run_dir):
        return _resized(group, name, wanted)


def _resized(group: Group, name: str, wanted: dict[str, str]) -> Scaled:
    surplus = [one for one in instances(group, name) if one not in wanted]
    for instance, arguments in wanted.items():
        group.write_strategy(instance, arguments)
    for instance in surplus:
        group.remove_strategy(instance)
    added, changed, removed = group.call("reloadConfig")[0]
    mine = [roles.strategy_role(instance) for instance in (*wanted, *reversed(surplus))]
    result = Scaled(
        [roles.strategy_role(instance) for instance in wanted],
        [one for one in mine if one in added],
        [one for one in mine if one in removed],
        [one for one in mine if one in changed],
    )
    _apply(group, result)
    return result


def sections(config: Config, name: str, count: int, shards: bool) -> dict[str, str]:
    """The wanted instances, each with the arguments of its process."""
    known = {s.name: s for s in config.strategies}
    if name not in known:
        config.strategy(name)  # raises for an unknown name
        base, _ = config.instance(name)
        raise ConfigError(
            f"{name} is an instance, expected the strategy: `tapewire scale {base} {count}`"
        )
    placement, host = config.placement(), known[name].host
    if not placement.is_here(host):
        raise ConfigError(
            f"{name} runs on host {placement.host_of(host)}; `tapewire scale` it there"
        )
    names = [name, *(f"{name}-{number}" for number in range(2, count + 1))]
    taken = [one for one in names[1:] if one in known]
    if taken:
        raise ConfigError(
            f"{name} cannot have {count} instances: {taken[0]} is a strategy of its own in"
            " [[strategies]], expected another name for it"
        )
    symbols = config.symbols_of(known[name])
    if shards and count > len(symbols):
        raise ConfigError(
            f"{name} cannot be divided among {count} instances: it reads"
            f" {counted(len(symbols), 'symbol')} ({', '.join(symbols)}), expected at most one"
            " instance per symbol"
        )
    return {one: f"--shard {i}/{count}" if shards else "" for i, one in enumerate(names, 1)}


def instances(group: Group, name: str) -> list[str]:
    """The instances of a strategy, in their order."""
    strategies = [roles.strategy_name(role) for role in group.strategies()]
    return [one for one in strategies if group.config.instance(one)[0] == name]


def _apply(group: Group, scaled: Scaled) -> None:
    """Stop the surplus, the highest number first, then start what is missing."""
    gone = [*scaled.stopped, *scaled.restarted]
    group.stop(gone)
    for name in gone:
        group.call("removeProcessGroup", name)
        (group.run_dir / "status" / f"{name}.json").unlink(missing_ok=True)
    for name in (*scaled.restarted, *scaled.started):
        group.call("addProcessGroup", name)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(scale)
