"""Where the values of a configuration come from: the environment over the file over the defaults.

A process that a group starts does not come here: it reads what the group was launched with.
"""

import os
import re
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from tapewire.common.config import faults, near, syntax
from tapewire.common.config.locate import config_path
from tapewire.common.config.settings import LISTS, PREFIX, Config
from tapewire.common.config.text import text_fault
from tapewire.common.errors import ConfigError


class _Sources(Config, BaseSettings):
    """The configuration with where its values come from."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment goes over the file."""
        file = init_settings.init_kwargs.pop("file", None)  # type: ignore[attr-defined]
        sources: tuple[PydanticBaseSettingsSource, ...] = (init_settings, env_settings)
        return (*sources, TomlConfigSettingsSource(settings_cls, file)) if file else sources


def load(given: str | None = None) -> Config:
    """Read the configuration; raises `ConfigError`, one line per fault."""
    path = config_path(given)
    if path is not None and not path.is_file():
        raise ConfigError(
            f"{path}: no such file; expected a configuration, such as tapewire init FOLDER makes"
        )
    _refuse_unknown_variables()
    try:
        found = _Sources(file=path) if path else _Sources()  # type: ignore[call-arg]
        return Config.model_construct(found.model_fields_set, **dict(found))
    except ValidationError as error:
        # The keys of another version are not faults of their own.
        wrong = [e for e in error.errors() if e["loc"] == ("version",)] or error.errors()
        raise ConfigError("\n".join(_sentence(e, path) for e in wrong)) from error
    except SettingsError as error:
        named = re.search(r'field "(\w+)"', str(error))
        variable = PREFIX + named[1].upper() if named else "a variable"
        raise ConfigError(
            f"environment ({variable}): not valid JSON; it must be a table or a list as JSON"
        ) from error
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; must be a file that you can read") from error
    except (ValueError, RecursionError) as error:  # TOML syntax, which only a file can have
        content = path.read_bytes() if path else b""
        if fault := text_fault(content):
            raise ConfigError(f"{path}: it is {fault}; expected TOML") from error
        text = content.decode()
        raise ConfigError(f"{path}: {syntax.sentence(error, text, LISTS)}") from error


def _refuse_unknown_variables() -> None:
    known = (*Config.model_fields, "config")
    for variable in sorted(name for name in os.environ if name.startswith(PREFIX)):
        section, deeper, _ = variable.removeprefix(PREFIX).partition("__")
        if deeper and section.lower() in LISTS:
            whole = f"set the whole list, as JSON in {PREFIX}{section}"
            raise ConfigError(f"environment: {variable} names a part of a list; {whole}")
        if section.lower() not in known:
            meant = near.expected(section, [name.upper() for name in known])
            raise ConfigError(f"environment: {variable}: {section} is not a known key; {meant}")


def _sentence(fault: Any, path: Path | None) -> str:
    variable = PREFIX + "__".join(str(part) for part in fault["loc"]).upper()
    where = f"environment ({variable})" if variable in os.environ else path or "environment"
    error = fault.get("ctx", {}).get("error")  # of a validator that knows the whole sentence
    said = str(error) if isinstance(error, ConfigError) else faults.sentence(fault, Config)
    return f"{where}: {said}"
