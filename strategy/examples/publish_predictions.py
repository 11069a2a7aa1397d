"""`python -m strategy.examples.publish_predictions ENDPOINT SYMBOL...`: predictions, made up.

Stands where a model would be; a model needs nothing of Tapewire but these two frames.
"""

import random
import sys
import time

import msgspec
import zmq


def main() -> None:
    """Publish a prediction a symbol each second, until it is stopped."""
    endpoint, *symbols = sys.argv[1:]
    socket = zmq.Context().socket(zmq.PUB)
    socket.bind(endpoint)
    while True:
        for symbol in symbols:
            value = {"symbol": symbol, "move": random.gauss(0, 0.001)}
            socket.send_multipart([f"prediction.{symbol}".encode(), msgspec.msgpack.encode(value)])
        time.sleep(1)


if __name__ == "__main__":
    main()
