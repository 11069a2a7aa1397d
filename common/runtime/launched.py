"""The file that says what a group was launched with; who starts it writes it.

Its processes read their configuration from there: it was checked once, is the same for all of them
however often they start, and takes a third of the time to read that files and the environment take.

Importing this loads nothing that takes long, as the emergency brake reads the file too.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tapewire.common.bus.wire import WIRE_VERSION
from tapewire.common.errors import ConfigError

if TYPE_CHECKING:
    from tapewire.common.config.settings import Config

FILE: Final = "started.json"
UNREADABLE: Final = (OSError, ValueError, TypeError)
DAMAGED: Final = "it is damaged, or of another version of Tapewire"
BY: Final = "launched_by"
"""Under which the file has the version of Tapewire, and the one of the wire, beside the
configuration."""


class OtherVersionError(ConfigError):
    """The group was launched by a Tapewire of another wire version."""


def config_of(folder: str | None, file: str | None) -> "Config":
    """What a process is to go by: what the group in `folder` was launched with, and where there is
    none or it cannot be read, the configuration `file`; then a warning is logged, as that may have
    been edited since. Raises `ConfigError` as `load` does, and `OtherVersionError` for a group of
    which the processes could not understand this one."""
    from tapewire.common.config import settings

    if not folder:
        return settings.load(file)
    try:
        _require_own_wire(Path(folder))
        return _read(Path(folder))
    except OtherVersionError:
        raise
    except UNREADABLE as error:
        found = settings.load(file)
        _warn(Path(folder) / FILE, error)
        return found


def _warn(path: Path, error: Exception) -> None:
    from tapewire.common.runtime.logs import log

    why = error.strerror if isinstance(error, OSError) else ""
    log.warning(
        f"{path} cannot be read: {why or DAMAGED}; going by the configuration as it is now,"
        " which may not be what the group was started with"
    )


def text_of(config: "Config") -> str:
    """What the file of a group that is launched with `config` says."""
    by = {"tapewire": _release(), "wire": WIRE_VERSION}
    return json.dumps({BY: by, **json.loads(config.model_dump_json())}, indent=1)


def _release() -> str:
    from importlib.metadata import version

    return version("tapewire")


def _require_own_wire(run_dir: Path) -> None:
    kept = {**json.loads((run_dir / FILE).read_text())}
    by = {**kept.get(BY, {})}
    wire = by.get("wire", WIRE_VERSION)
    if wire != WIRE_VERSION:
        raise OtherVersionError(
            f"{run_dir / FILE}: Tapewire {by.get('tapewire')} started this group, with wire version"
            f" {wire}; this is {_release()}, with version {WIRE_VERSION}. Run `tapewire"
            " down`, and `tapewire up` with one of the two for all processes"
        )


def read(run_dir: Path) -> "Config | None":
    """What the group in `run_dir` was last started with; None if that is not known."""
    try:
        return _read(run_dir)
    except UNREADABLE:
        return None


def _read(run_dir: Path) -> "Config":
    return of(json.loads((run_dir / FILE).read_text()), run_dir)


def of(plain: dict[str, Any], run_dir: Path) -> "Config":
    """A configuration from its plain values alone, of a group in `run_dir`: neither a file nor the
    environment changes it. Raises pydantic's `ValidationError`."""
    from tapewire.common.config.settings import Config

    values = {**plain, "run_dir": run_dir.absolute()}
    values.pop(BY, None)
    return Config(**values)


def has_rules_of(config: "Config", run_dir: Path) -> bool:
    """Whether the group was launched with the risk rules of this configuration, or nothing says
    with which ones it was."""
    try:
        launched = json.loads((run_dir / FILE).read_text())["risk"]["rules"]
    except (OSError, ValueError, TypeError, KeyError):
        return True
    configured: Any = json.loads(config.risk.model_dump_json())["rules"]
    return bool(launched == configured)
