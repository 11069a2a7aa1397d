"""The addresses of targets: secrets, from the environment or a file that only its owner can read.

No sentence here has anything of what was read in it.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tapewire.common.config.notices import TargetConfig
from tapewire.common.errors import ConfigError

ADDRESS_MAX_BYTES: Final = 8_192


def address(target: TargetConfig, environment: Mapping[str, str]) -> str:
    """The address of a target; raises `ConfigError` if it is not where it should be, or if others
    could read it."""
    if target.url_file is not None:
        found = _from_file(target.name, target.url_file)
    else:
        found = environment.get(target.url_env, "").strip()
        if not found:
            raise ConfigError(
                f"the target {target.name} of [[notices.targets]]: the environment has no"
                f" {target.url_env}, or an empty one; expected the address, such as"
                " discord://WEBHOOK_ID/TOKEN"
            )
    if "://" not in found or len(found.split()) != 1:
        raise ConfigError(
            f"the target {target.name} of [[notices.targets]]: what is in"
            f" {target.url_file or target.url_env} is not an address; expected one such as"
            " discord://WEBHOOK_ID/TOKEN, and nothing else"
        )
    return found


def _from_file(name: str, path: Path) -> str:
    of = f"the target {name} of [[notices.targets]]: {path}"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigError(f"{of}: {error.strerror}; expected a file of yours") from error
    try:
        _require_private(of, path, os.fstat(descriptor))
        return os.read(descriptor, ADDRESS_MAX_BYTES).decode(errors="replace").strip()
    finally:
        os.close(descriptor)


def _require_private(of: str, path: Path, found: os.stat_result) -> None:
    mode = stat.S_IMODE(found.st_mode)
    if not stat.S_ISREG(found.st_mode):
        raise ConfigError(f"{of}: not a file; expected one with the address in it")
    if mode & 0o077 or found.st_uid != os.getuid():
        raise ConfigError(
            f"{of} has mode {mode:04o}, must be 0600 and yours: others could read the address;"
            f" run `chmod 600 {path}`"
        )
