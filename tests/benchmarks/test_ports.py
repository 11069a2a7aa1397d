"""Ports for tests and benchmarks: whoever binds one later finds it free."""

import itertools
import socket

from tapewire.benchmarks.load.ports import COUNT, FIRST, _places, free_ports

KERNELS = 32_768
"""From here on connections get theirs."""


def test_no_port_is_given_twice_and_none_that_a_connection_could_get():
    found = [*free_ports(20), *free_ports(20)]
    assert len({*found}) == 40
    assert all(FIRST <= port < FIRST + COUNT < KERNELS for port in found)


def test_a_port_that_is_taken_is_passed_over():
    (port,) = free_ports(1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port + 1))
        assert free_ports(1)[0] != port + 1


def test_processes_one_behind_the_other_begin_far_apart():
    first, second = ({*itertools.islice(_places(pid), 500)} for pid in (7_001, 7_002))
    assert not first & second
