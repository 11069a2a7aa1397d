"""The table of `tapewire.toml` about the recorder: whether it runs, and what it keeps."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from tapewire.common.config.sections import Positive, Section
from tapewire.common.errors import ConfigError


class RecorderConfig(Section):
    """Whether ticks and the broker's events are recorded, and of which symbols.

    It reads `symbols`, or all instruments without any, as a strategy does: their market data lines
    are open as long as it runs. A segment is closed, and then becomes Parquet, at `segment_mb` or
    `segment_minutes`, whichever comes first. Nothing is recorded with less than `free_halt_mb` of
    free disk space, until there are `free_resume_mb`. A MB is 1,000,000 bytes.
    """

    enabled: bool = False
    symbols: tuple[str, ...] = ()
    segment_mb: Annotated[int, Field(ge=1, le=256)] = 32
    segment_minutes: Annotated[float, Field(ge=1, le=1440)] = 60
    free_halt_mb: Positive = 500
    free_resume_mb: Positive = 600

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.free_resume_mb <= self.free_halt_mb:
            raise ConfigError(
                f"recorder.free_resume_mb is {self.free_resume_mb}; it must be above the"
                f" {self.free_halt_mb} of free_halt_mb"
            )
        return self
