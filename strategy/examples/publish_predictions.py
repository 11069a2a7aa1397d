"""`python -m tapewire.strategy.examples.publish_predictions ENDPOINT SYMBOL...`

Publishes random predictions. It stands in for a model, which needs nothing of Tapewire: it sends
these two frames.
"""

import contextlib
import random
import sys
import time

import msgspec
import zmq


def main() -> None:
    """Publish one prediction per symbol and second, until it is stopped."""
    endpoint, *symbols = sys.argv[1:]
    socket = zmq.Context().socket(zmq.PUB)
    socket.bind(endpoint)
    print(f"predictions of {', '.join(symbols)} on {endpoint}, until Ctrl-C", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            for symbol in symbols:
                topic = f"prediction.{symbol}".encode()
                value = {"symbol": symbol, "move": random.gauss(0, 0.001)}
                socket.send_multipart([topic, msgspec.msgpack.encode(value)])
            time.sleep(1)


if __name__ == "__main__":
    main()
