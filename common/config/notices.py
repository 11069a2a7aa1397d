"""The table of `tapewire.toml` about notices: which kinds are wanted, and where they go.

The address of a target has a password or a token in it, so it never stands in the configuration,
which is copied, shown and written down. The configuration names the place where the address is.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import Field, field_validator, model_validator

from tapewire.common.config import faults
from tapewire.common.config.sections import Identifier, Positive, Section
from tapewire.common.errors import ConfigError

Kind = Literal[
    "violations", "enforcements", "connection", "processes", "failures", "retries", "summary"
]
"""What a notice is about; docs/operating.md has what is in each."""
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
VARIABLE: Final = re.compile(r"(?!TAPEWIRE_)[A-Z][A-Z0-9_]{0,63}")
ELSEWHERE: Final = (
    "the address of a target is a secret, and is not shown here; remove it, and put it into an"
    " environment variable or a file of mode 0600, which url_env or url_file names"
)


class TargetConfig(Section):
    """Where notices go: an address as apprise has them (`discord://...`, `mailtos://...`).

    The address is a secret, so it never stands here: `url_env` names the environment variable that
    has it, or `url_file` the file, which must be yours and of mode 0600.
    """

    name: Identifier
    url_env: str = ""
    url_file: Path | None = None

    @field_validator("url_env")
    @classmethod
    def _is_name(cls, given: str) -> str:
        """What stands here may be the secret itself, so it is not shown."""
        if given and not VARIABLE.fullmatch(given):
            raise ConfigError(
                "url_env of [[notices.targets]] is not the name of an environment variable;"
                " expected one of capitals, digits and _, such as DISCORD_URL, that does not begin"
                " with TAPEWIRE_"
            )
        return given

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.url_env) == (self.url_file is not None):
            raise ConfigError(
                f"the target {self.name} of [[notices.targets]] must have url_env or url_file, one"
                " of them: the environment variable or the file that its address is in"
            )
        return self


class NoticesConfig(Section):
    """Which kinds of notices go to the targets; without a target no process for them runs.

    A target gets one message at most per `every_ms`: what comes meanwhile goes together in the next
    one. An attempt to connect, and each wait for an answer, may last `timeout_ms`.
    """

    kinds: tuple[Kind, ...] = KINDS
    every_ms: Positive = 10_000
    timeout_ms: Annotated[int, Field(ge=100, le=30_000)] = 5_000
    targets: tuple[TargetConfig, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _without_addresses(cls, given: Any) -> Any:
        """Whatever else is wrong with the table, an address in it is never part of a sentence."""
        if _has_address(given):
            raise ConfigError(f"[notices]: {ELSEWHERE}")
        return given

    @field_validator("targets")
    @classmethod
    def _distinct(cls, targets: tuple[TargetConfig, ...]) -> tuple[TargetConfig, ...]:
        faults.refuse_twice("name", [one.name for one in targets])
        return targets


def _has_address(given: Any) -> bool:
    """Whether a text in a table looks like an address, or has the key of one."""
    if isinstance(given, str):
        return ":/" in given
    if isinstance(given, dict):
        return any(key == "url" or _has_address(value) for key, value in given.items())
    return isinstance(given, list | tuple) and any(map(_has_address, given))
