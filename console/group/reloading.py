"""Having a running group take over the rules of the configuration file.

    the file is valid -> its rules load -> they are about what runs -> a person confirms -> risk
    -> the launch configuration -> gateway -> executor

Each step that refuses leaves all as it was. Once risk has answered, the new rules are in its
journal. From then on they are in force, whatever becomes of this command: it only writes them into
the launch configuration, so that a restart agrees with it, and waits until the others show them.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from tapewire.common import roles
from tapewire.common.config import faults
from tapewire.common.config.settings import Config
from tapewire.common.errors import ConfigError
from tapewire.common.events import RulesChanged
from tapewire.common.logins import ONLY, Logins
from tapewire.console.group import launch, status
from tapewire.console.records.books import read_journal
from tapewire.risk.rules import load_rules
from tapewire.risk.rules.in_force import changes, digest_of, text_of


def order(logins: Logins) -> tuple[str, ...]:
    """The order in which the processes take them over."""
    return roles.RISK, *(login.gateway for login in logins), roles.EXECUTOR


WAIT_S: Final = 5.0
POLL_S: Final = 0.1


def in_force(run_dir: Path, started: Config) -> str:
    """The rules that risk's journal has; before it has any, those that the group started with."""
    found = [e for e in read_journal(run_dir, roles.RISK) if isinstance(e, RulesChanged)]
    return found[-1].rules if found else text_of(started.risk.rules)


def wanted(file: Config, started: Config) -> tuple[str, Config]:
    """The rules of the file, and the launch configuration with them. Raises `ConfigError` where one
    cannot be loaded, or is about a symbol or a strategy that the running group does not have."""
    load_rules(file.risk.rules)
    plain = json.loads(started.model_dump_json())
    plain["risk"]["rules"] = json.loads(file.risk.model_dump_json())["rules"]
    try:
        merged = launch.of(plain, started.run_dir)
    except ValidationError as error:
        said = "\n".join(_fault(one) for one in error.errors())
        raise ConfigError(f"{said}\nof the group that runs; `tapewire up` takes others") from error
    return text_of(file.risk.rules), merged


def _fault(fault: Any) -> str:
    error = fault.get("ctx", {}).get("error")  # of a validator that knows the whole sentence
    return str(error) if isinstance(error, ConfigError) else faults.sentence(fault, Config)


def summary(before: str, after: str) -> str:
    """What differs, in a line; empty if nothing does."""
    found = changes(before, after)
    return "; ".join(f"{how} {', '.join(names)}" for how, names in found.items() if names)


def may_add_risk(before: str, after: str) -> bool:
    """Whether a rule goes or is another one afterwards: what it allows may be more."""
    found: Mapping[str, list[str]] = changes(before, after)
    return bool(found["removed"] or found["changed"])


def await_all(
    run_dir: Path,
    text: str,
    pause: Callable[[float], None] = time.sleep,
    logins: Logins = ONLY,
) -> dict[str, str]:
    """Wait until all of `order` show that they work by these rules; what each shows otherwise, in a
    sentence."""
    digest, tries = digest_of(text), int(WAIT_S / POLL_S)
    for _ in range(tries):
        missing = _missing(status.read(run_dir), digest, order(logins))
        if not missing:
            return {}
        pause(POLL_S)
    return missing


def _missing(
    statuses: Mapping[str, status.Status], digest: str, wanted: Iterable[str]
) -> dict[str, str]:
    missing = {}
    for role in wanted:
        shown = statuses.get(role, {})
        if fault := shown.get("rules_fault"):
            missing[role] = f"it cannot load them and lets nothing add risk: {fault}"
        elif shown.get("rules") != digest:
            missing[role] = "it has not read them yet, and takes them over when it does"
    return missing
