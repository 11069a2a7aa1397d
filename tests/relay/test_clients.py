"""Far clients: a connection for each, bounded, the oldest first to go."""

from tapewire.relay.clients import IDLE_NS, Client, Clients


def client(name: bytes, host: str = "far", socket: str = "control") -> Client:
    return Client(socket, host, b"relay", name)


def test_a_client_keeps_its_channel_and_others_have_their_own():
    clients = Clients()
    assert clients.known(client(b"a"), 0) == ""
    first = clients.add(client(b"a"), 0)
    other = clients.add(client(b"a", socket="executor"), 0)
    assert (first.startswith("control"), other.startswith("executor")) == (True, True)
    assert clients.known(client(b"a"), 1) == first
    assert clients.of(other, 1) == client(b"a", socket="executor")


def test_a_client_that_comes_back_after_its_channel_was_closed_gets_another():
    clients = Clients()
    first = clients.add(client(b"a"), 0)
    clients.forget(first)
    assert (clients.known(client(b"a"), 1), clients.of(first, 1), len(clients)) == ("", None, 0)
    assert clients.add(client(b"a"), 1) != first


def test_a_host_with_many_clients_loses_the_one_used_longest_ago_and_no_other_host_does():
    clients = Clients(per_host_max=2)
    a, b = (clients.add(client(name), 0) for name in (b"a", b"b"))
    clients.add(client(b"z", host="near"), 0)
    assert clients.surplus("near") == ""
    assert clients.surplus("far") == a
    clients.known(client(b"a"), 1)
    assert clients.surplus("far") == b
    clients.of(b, 2)  # an answer is a use as well
    assert clients.surplus("far") == a


def test_a_channel_that_nobody_uses_is_closed():
    clients = Clients()
    old, used = clients.add(client(b"a"), 0), clients.add(client(b"b"), 0)
    clients.known(client(b"b"), IDLE_NS)
    assert [*clients.idle(IDLE_NS - 1)] == []
    assert [*clients.idle(IDLE_NS)] == [old]
    clients.forget(old)
    assert [*clients.idle(2 * IDLE_NS)] == [used]
