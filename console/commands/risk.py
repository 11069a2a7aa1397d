"""`risk`: whether the group trades, how much of each limit is used, and what risk has decided."""

import itertools
import json
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from tapewire.common import roles
from tapewire.common.config.settings import Config, ConfigError
from tapewire.common.events import Event
from tapewire.common.runtime import head_log
from tapewire.console import brake
from tapewire.console.commands.common import (
    EXIT_FAILED,
    ConfigOption,
    JsonOption,
    RunDirOption,
    answer,
    command_group,
    confirm,
    line,
    load,
    load_started,
    note,
    printing,
    running,
)
from tapewire.console.commands.events import AtOption, FromOption, ToOption, span_of
from tapewire.console.commands.steer import ReasonOption
from tapewire.console.commands.trading import until_ns
from tapewire.console.group import control, status
from tapewire.console.records import audit, audit_check
from tapewire.console.records.books import read_journal
from tapewire.console.records.decisions import WORDS
from tapewire.console.records.journals import FOREVER_NS, SETTLE_NS, Entry, Journals, plain
from tapewire.console.records.journals import as_json as as_entry
from tapewire.console.views import times

risk = command_group("The risk rules, and what they decided; `tapewire risk` shows both.")


@risk.command("list")
def show(
    last: Annotated[
        int, typer.Option("--last", min=0, help="how many of its last decisions to show")
    ] = 10,
    follow: Annotated[
        bool, typer.Option("--follow", help="print its decisions as they are made, until Ctrl-C")
    ] = False,
    at: AtOption = None,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Trading state, halts, how much of each limit is used, and risk's last decisions.

    With --at as the journals have them: the limits by the price of each symbol's newest execution.
    """
    if follow and at is not None:
        raise ConfigError("--follow goes on from now, and --at is over; use one of them")
    loaded = load_started(config, run_dir)
    folder = loaded.run_dir
    if follow:
        _follow(folder, last, as_json)
        return
    statuses, decided = _of_now(folder) if at is None else _of_then(loaded, at)
    newest = decided[len(decided) - min(last, len(decided)) :]
    if as_json:
        print(json.dumps(_plain(statuses.get(roles.RISK, {}), newest)))
        return
    from tapewire.console.views import tables_risk
    from tapewire.console.views.terminal import out

    out.print(tables_risk.shown(statuses, newest))


def _of_now(folder: Path) -> tuple[dict[str, status.Status], list[Event]]:
    """What the processes report of themselves, and all that risk has decided."""
    return status.read(folder), [e for e in read_journal(folder, roles.RISK) if type(e) in WORDS]


def _of_then(config: Config, at: str) -> tuple[dict[str, status.Status], list[Event]]:
    """The same of risk at a time, from the journals."""
    from tapewire.console.records import past

    found, decided = past.risk_at(config, until_ns(config, at, past.OF_RISK))
    return {roles.RISK: found}, decided


def _follow(folder: Path, last: int, as_json: bool) -> None:
    """The last decisions, and then each as it is written down."""
    with printing(), Journals(folder, sources=(roles.RISK,)) as found:
        known = filter(_is_decision, found.until(time.time_ns() - SETTLE_NS))
        news = filter(_is_decision, found.follow(FOREVER_NS, time.time_ns, time.sleep))
        for entry in itertools.chain(deque(known, last), news):
            line(as_entry(entry) if as_json else audit.as_line(entry, times.iso))


def _is_decision(entry: Entry) -> bool:
    return type(entry.event) in WORDS


def _plain(found: status.Status, newest: Sequence[Event]) -> dict[str, Any]:
    state = {key: found.get(key) for key in ("trading", "flatten", "halts", "headroom", "patterns")}
    history = [{"kind": type(e).__struct_config__.tag, **plain(e)} for e in newest]
    return {**state, "history": history}


@risk.command("audit")
def show_audit(
    verify: Annotated[
        bool, typer.Option("--verify", help="whether the journal is what was written")
    ] = False,
    since: FromOption = None,
    to: ToOption = None,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Each decision of risk with its causes: the event, the broken rule, the measures, the orders
    and how it ended.

    With --verify it checks risk's journal: its hash chain, and its heads that were written to
    risk.audit_path. Status 1 unless all agree.
    """
    loaded = load_started(config, run_dir)
    if verify:
        _verify(audit_check.check(loaded.run_dir, head_log.path_of(loaded)), as_json)
    found = audit.read(loaded.run_dir, *span_of(since, to))
    with printing():
        for one in found:
            for text in [audit.as_json(one)] if as_json else audit.as_lines(one, times.iso):
                line(text)
    if not (found or as_json):
        line(f"risk has decided nothing {'in that time' if since or to else 'yet'}")


@risk.command("reload")
def reload_rules(
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    reason: ReasonOption = brake.REASON,
    config: ConfigOption = None,
    run_dir: RunDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have the running group take over the rules of the configuration file, without a restart.

    They are checked first: if anything is wrong, nothing changes. It asks before a rule goes or
    changes. Status 1 unless risk, gateway and executor all work by them.
    """
    from tapewire.console.group import launch, reloading

    group, started = running(config, run_dir), load_started(config, run_dir)
    after, merged = reloading.wanted(load(config), started)
    before = reloading.in_force(group.run_dir, started)
    what = reloading.summary(before, after)
    if what and not yes and reloading.may_add_risk(before, after):
        confirm("risk reload", f"{what}. This may allow what is not allowed now. Go on?")
    if what:
        reply = control.ask(group, "reload", reason, rules=after)
        if not reply.ok:
            answer(as_json, {"ok": False, "changes": what, "text": reply.text}, reply.text)
            raise typer.Exit(EXIT_FAILED)
    launch.keep(merged, group.run_dir)
    missing = reloading.await_all(group.run_dir, after, logins=group.logins)
    found = {"ok": not missing, "changes": what, "missing": missing}
    answer(as_json, found, _reloaded(what, missing))
    raise typer.Exit(EXIT_FAILED if missing else 0)


def _reloaded(what: str, missing: dict[str, str]) -> str:
    done = f"in force: {what}" if what else "nothing to take over: the rules are in force already"
    others = "".join(f"; {role}: {why}" for role, why in missing.items())
    return f"{done}{others}" if missing or not what else f"{done}, in risk, gateway and executor"


@risk.command("test")
def rehearse_rules(
    events: Annotated[
        Path,
        typer.Argument(
            help="a run directory, its journals, a file of `events --json`, or a CSV of ticks"
        ),
    ],
    since: FromOption = None,
    to: ToOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """What the rules of the configuration file would have done on that day. Nothing is changed or
    sent.

    On journals it shows them what happened. On ticks it runs the strategies in a back-test.
    """
    from tapewire.console import rehearsing

    found = rehearsing.rehearse(events, load(config), *span_of(since, to), say=note)
    with printing():
        for text in rehearsing.as_json(found) if as_json else rehearsing.as_lines(found):
            line(text)
    (note if as_json else line)(rehearsing.summary(found))


def _verify(found: audit_check.Verdict, as_json: bool) -> None:
    answer(as_json, found._asdict(), found.sentence)
    raise typer.Exit(0 if found.sound else EXIT_FAILED)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(risk, name="risk")
