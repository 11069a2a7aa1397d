"""The mirror: whether its cluster answers, and can keep streams on as many nodes as configured."""

from typing import Final

from tapewire.bridge.login import login
from tapewire.common import extras
from tapewire.common.config.settings import Config, ConfigError
from tapewire.console.doctor.finding import Finding, failed, passed

CHECK: Final = "mirror"


def check(config: Config) -> list[Finding]:
    """Nothing where no mirror is configured."""
    if not config.cluster.enabled:
        return []
    lacking = [
        extras.missing(module, extras.command("cluster"))
        for module, servers in _libraries(config)
        if servers
    ]
    if fault := next(filter(None, lacking), ""):
        return [failed(CHECK, fault, "install it; without it the bridge does not start")]
    return [_nats(config)] if config.cluster.nats else []


def _libraries(config: Config) -> list[tuple[str, tuple[str, ...]]]:
    return [("nats", config.cluster.nats), ("confluent_kafka", config.cluster.kafka)]


def _nats(config: Config) -> Finding:
    from tapewire.bridge.engine import AWAY, MirrorError
    from tapewire.bridge.reading import Mirrors

    cluster = config.cluster
    try:
        with Mirrors(cluster, login(cluster)) as mirrors:
            ends = {role: mirrors.end(role) for role in config.logins().roles}
    except ConfigError as error:
        return failed(CHECK, str(error), "correct it; without it the bridge does not start")
    except MirrorError as error:
        return failed(CHECK, str(error), AWAY)
    there = [end for end in ends.values() if end is not None]
    faults = [end.fault or end.note for end in there if end.fault or end.note]
    if faults:
        return failed(CHECK, "; ".join(faults), "see `tapewire mirror status`")
    records = sum(end.seq for end in there)
    return passed(CHECK, f"{len(there)} streams with {records:,} records under {cluster.prefix}")
