"""What a group was started with: kept in its run directory, so that it can be steered whatever has
become of the configuration's file since."""

import json
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from tapewire.common.config.settings import Config
from tapewire.common.runtime import private_file
from tapewire.console.group.launched import FILE


class _Kept(Config):
    """A configuration of what was kept alone: neither a file nor the environment changes it."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *_: Any,
        **__: Any,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def keep(config: Config, run_dir: Path) -> None:
    """Write down the configuration in force, for this user alone."""
    private_file.write(run_dir / FILE, config.model_dump_json(indent=1))


def read(run_dir: Path) -> Config | None:
    """What the group in `run_dir` was started with last; None if that is not known."""
    try:
        kept = json.loads((run_dir / FILE).read_text())
        return _Kept(**{**kept, "run_dir": run_dir.absolute()})
    except (OSError, ValueError, TypeError):
        return None


def of_another_account(before: Config, now: Config) -> bool:
    """Whether the broker's account behind `now` may be another one than that behind `before`."""

    def place(config: Config) -> tuple[object, ...]:
        simulated = config.simulator.enabled  # which is not at the address of [tws]
        address = () if simulated else (config.tws.host, config.tws.port)
        return simulated, address, config.mode, config.live_account

    return place(before) != place(now)
