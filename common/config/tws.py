"""`[tws]`: where TWS is, how long to wait for it, and when it restarts by itself."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from tapewire.common.config.sections import Port, Positive, Section, TimeOfDay
from tapewire.common.errors import ConfigError
from tapewire.common.instruments import TickSource, ticks_fault


def _listed(given: Any) -> Any:
    return (given,) if isinstance(given, str) else given


def _possible(ticks: tuple[TickSource, ...]) -> tuple[TickSource, ...]:
    if fault := ticks_fault(ticks):
        raise ValueError(fault)
    return ticks


def _chosen(ticks: tuple[TickSource, ...]) -> tuple[TickSource, ...]:
    if not ticks:
        raise ValueError('one source of ticks at least, such as "top"')
    return ticks


Ticks = Annotated[tuple[TickSource, ...], BeforeValidator(_listed), AfterValidator(_possible)]
"""Sources of ticks: one, or a list. None leaves the choice to the login."""
ChosenTicks = Annotated[Ticks, AfterValidator(_chosen)]


class TwsConfig(Section):
    """Where a real TWS is, and how it or the simulator may be spoken to.

    `host` and `port` mean nothing with the simulator, which takes a free port of its own.

    IB's own limit is 50 messages per second as TWS reads them. `rate_max_per_s` counts them as they
    are written; where TWS's reading lags, fewer go. 0 paces nothing.

    The open orders of all clients, and those entered by hand, are listed at each connection and
    then every `open_orders_ms`: they count in every limit. 0 lists them at a connection only.

    After a failed attempt to connect, and after a loss, the next attempt waits `reconnect_ms`,
    twice as long after each further one, and `reconnect_max_ms` at most. Three time-outs bound one
    attempt: `connect_timeout_ms` until TCP connects, `handshake_timeout_ms` from there until TWS
    has logged the client in, `request_timeout_ms` for each list that is asked for then.

    `daily_restart` is when TWS restarts by itself, such as `23:45 America/New_York`; empty: never.
    From `restart_hold_s` before it nothing that adds risk goes, until TWS is back; a loss up to
    `restart_window_s` after it is no surprise.

    `ticks` are the sources of the ticks of instruments that choose none themselves. `lines_max` and
    `tick_by_tick_max` are how many market data lines and tick-by-tick streams TWS grants this
    login, and `depth_max` how many books; 0 sets no limit. It takes one tick-by-tick request per
    instrument in `tick_by_tick_every_s`. With `delayed`, delayed data are read where it refuses
    live ones.

    With `raw_log_mb` above 0 every message is written down, both ways, in files of that size.
    """

    host: str = "127.0.0.1"
    port: Port = 7497
    client_id: Annotated[int, Field(ge=0)] = 1
    liquidation_client_id: Annotated[int, Field(ge=0)] = 2
    rate_max_per_s: Annotated[int, Field(ge=0)] = 45
    reconnect_ms: Positive = 2000
    reconnect_max_ms: Positive = 60_000
    connect_timeout_ms: Positive = 10_000
    handshake_timeout_ms: Positive = 60_000
    request_timeout_ms: Positive = 10_000
    answer_ms: Positive = 5000
    probe_after_ms: Positive = 1000
    hang_up_after_ms: Positive = 10_000
    settle_ms: Annotated[int, Field(ge=0)] = 2000
    open_orders_ms: Annotated[int, Field(ge=0)] = 10_000
    daily_restart: TimeOfDay = ""
    restart_hold_s: Annotated[int, Field(ge=0, le=3600)] = 60
    restart_window_s: Annotated[int, Field(ge=1, le=7200)] = 600
    raw_log_mb: Annotated[int, Field(ge=0, le=10_000)] = 0
    ticks: ChosenTicks = ("top",)
    lines_max: Annotated[int, Field(ge=0)] = 100
    tick_by_tick_max: Annotated[int, Field(ge=0)] = 5
    tick_by_tick_every_s: Annotated[float, Field(ge=0)] = 15
    depth_max: Annotated[int, Field(ge=0)] = 3
    delayed: bool = True

    @field_validator("daily_restart")
    @classmethod
    def _names_its_zone(cls, text: str) -> str:
        if text and " " not in text.strip():
            raise ValueError("a time and its zone, such as 23:45 America/New_York")
        return text

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.reconnect_max_ms < self.reconnect_ms:
            raise ConfigError(
                f"tws.reconnect_max_ms is {self.reconnect_max_ms}; it must be at least"
                f" tws.reconnect_ms, which is {self.reconnect_ms}"
            )
        return self
