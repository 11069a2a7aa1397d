"""Profiles: rules that go together, as a TOML file with a `[[rules]]` table for each of them.

Some ship with Tapewire, in `profiles/`; another one is named by its path. An own rule takes the
place of a profile's rule of the same name.
"""

import tomllib
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from tapewire.common.config import syntax
from tapewire.common.config.near import expected
from tapewire.common.errors import ConfigError

SUFFIX: Final = ".toml"


def shipped() -> dict[str, str]:
    """The text of each profile that ships with Tapewire, by its name."""
    folder = files("tapewire.common.config").joinpath("profiles")
    found = [one for one in folder.iterdir() if one.name.endswith(SUFFIX)]
    return {one.name.removesuffix(SUFFIX): one.read_text(encoding="utf-8") for one in found}


def entries_of(profile: str) -> list[dict[str, Any]]:
    """The entries of a profile, as `[[risk.rules]]` has them; `ConfigError` says why not."""
    try:
        parsed = syntax.parsed(text := _text_of(profile))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"risk.profile {profile}: {syntax.sentence(error, text, ['rules'])}"
        ) from error
    entries = parsed.get("rules")
    is_list = isinstance(entries, list) and all(isinstance(one, dict) for one in entries)
    if not entries or not is_list or len(parsed) > 1:
        found = ", ".join(sorted(parsed)) or "nothing"
        raise ConfigError(f"risk.profile {profile}: found {found}; expected [[rules]] tables alone")
    return list(entries)


def beside(own: Iterable[Any], profile: str) -> list[Any]:
    """The own entries, and those of the profile whose rules are not among them."""
    given = list(own)
    names = {
        one.get("rule") if isinstance(one, dict) else getattr(one, "rule", "") for one in given
    }
    return given + [one for one in entries_of(profile) if one.get("rule") not in names]


def _text_of(profile: str) -> str:
    known = shipped()
    if profile in known:
        return known[profile]
    if not profile.endswith(SUFFIX):
        meant = expected(profile, known)
        raise ConfigError(
            f"risk.profile is {profile!r}, which is neither a profile nor a {SUFFIX} file; {meant}"
        )
    try:
        return Path(profile).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"risk.profile {profile} cannot be read: {error}") from error
