"""How far risk and the gateways have come, in groups whose only login has no name."""

from tapewire.risk.halting import Standing, Standings


def at_login(standing: Standing) -> Standings:
    """The standing of the only login."""
    return {"": standing}
