"""`python -m tapewire.gateway`: the TWS connection. With `--way-out`: risk's own door to the broker."""

import argparse
import sys

from tapewire.common.config import tws_address
from tapewire.common.runtime import process
from tapewire.common.runtime.process import Process
from tapewire.gateway.gateway import Gateway
from tapewire.gateway.service import GatewayService
from tapewire.gateway.tws.socket import TwsSocket


def build(own: Process) -> GatewayService:
    """Open the sockets, build the core, read the journal."""
    config, way_out = own.config, own.arguments.way_out
    gateway = Gateway(
        config.all_instruments(),
        client_id=config.tws.way_out_client_id if way_out else config.tws.client_id,
        rate_max_per_s=config.tws.rate_max_per_s,
        lease_ms=config.risk.lease_ms,
        settle_ms=config.tws.settle_ms,
        reduce_only=way_out,
        mode=config.mode,
        live_account=config.live_account,
    )
    own.serve_stream()
    follows = () if way_out else own.follow("risk")
    if not way_out:
        own.transport.bind("market", "xpub", own.endpoint("market"))
    tws = TwsSocket(
        lambda: tws_address.find(config, own.run_dir), config.tws.reconnect_ms, own.clock
    )
    own.transport.attach("tws", tws)
    return GatewayService(
        own.role, gateway, own.transport, own.clock, own.journal(),
        epoch=own.epoch, follows=follows, hang_up=tws.close,
    )  # fmt: skip


def main() -> int:
    """Run the gateway, or the way out."""
    parser = argparse.ArgumentParser(prog="python -m tapewire.gateway", description=__doc__)
    parser.add_argument("--way-out", action="store_true", help="take only orders that reduce risk")
    return process.run(lambda a: "way-out" if a.way_out else "gateway", build, parser)


if __name__ == "__main__":
    sys.exit(main())
