"""Market data: request one configured instrument, until a tick or an error arrives."""

from typing import Final

from tapewire.common.config.settings import Config
from tapewire.console.doctor.finding import Finding, failed, passed, skipped, unknown
from tapewire.console.doctor.probe import Probe
from tapewire.gateway.tws.contracts import Contracts
from tapewire.gateway.tws.errors import meaning, only_informs

CHECK: Final = "market data"


def market_data(config: Config, probe: Probe, timeout_s: float) -> Finding:
    """Request the first instrument's data; delayed ticks do not pass for live ones."""
    if not config.instruments:
        return skipped(CHECK, "no instrument is configured")
    instrument = config.all_instruments()[0]
    request_id = probe.market.open(instrument.symbol)
    contract = Contracts([instrument]).contract(instrument.symbol)
    probe.send(probe.session.encode.market_data(request_id, contract))
    ticks = probe.market.take

    def refusals() -> list[tuple[int, str]]:
        return [
            (e.code, e.text)
            for e in probe.errors()
            if e.request_id == request_id and not only_informs(e.code)
        ]

    came = probe.wait(lambda: bool(refusals() or ticks()), timeout_s)
    symbol = instrument.symbol
    if refusals():
        code, text = refusals()[0]
        advice = meaning(code).sentences
        return failed(CHECK, f"{symbol}: TWS says {text} ({code})", advice)
    if came:
        return passed(CHECK, f"receiving ticks of {symbol}")
    if probe.fault:
        return failed(CHECK, f"{symbol}: {probe.fault}", "look at TWS, then try again")
    return unknown(
        CHECK,
        f"no tick of {symbol} and no error in {timeout_s:g} s",
        "this is normal while its market is closed; if it is open, look for its price in TWS",
    )
