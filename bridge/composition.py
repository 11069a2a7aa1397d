"""How the bridge is put together from the configuration."""

from typing import Final

from tapewire.bridge.engine import Engine
from tapewire.bridge.journals import sources_of
from tapewire.bridge.login import login
from tapewire.bridge.service import BridgeService
from tapewire.common import extras
from tapewire.common.errors import ConfigError
from tapewire.common.runtime.process import Process

EXTRA: Final = "cluster"


def build(process: Process) -> BridgeService:
    """Read how to log in, and begin to connect; the engines may be away."""
    config = process.config
    if not config.cluster.enabled:
        raise ConfigError("cluster.enabled is false; expected true for a bridge to run")
    engines: list[Engine] = []
    if config.cluster.nats:
        extras.require("cluster.nats", "nats", EXTRA)
        from tapewire.bridge.nats_engine import NatsEngine

        nats = NatsEngine(config.cluster, login(config.cluster))
        process.transport.attach(nats.name, nats)
        engines.append(nats)
    if config.cluster.kafka:
        extras.require("cluster.kafka", "confluent_kafka", EXTRA)
        from tapewire.bridge.kafka_engine import KafkaEngine

        kafka = KafkaEngine(config.cluster)
        process.transport.attach(kafka.name, kafka)
        engines.append(kafka)
    return BridgeService(
        sources_of(config, process.run_dir), engines, process.transport, process.clock,
        epoch=process.epoch, starts_over=config.simulator.enabled,
    )  # fmt: skip
