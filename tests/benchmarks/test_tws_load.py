"""The scripted TWS of the benchmarks serves its clients from within a window too."""

import os
import socket
import sys

import pytest

from tapewire.benchmarks.load.tws_load import Load


def test_a_client_whose_bytes_a_window_has_read_already_stays_connected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with open(os.devnull) as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        load = Load()
    chain = load.chains["group"]
    with socket.create_connection(chain.listener.getsockname()):
        load._accept(chain)
        load._read(chain, chain.clients[0])
        assert len(chain.clients) == 1
    for sock in (chain.clients[0].sock, *(one.listener for one in load.chains.values())):
        sock.close()
