"""The gateways that are connected to the exchange, and what each has still to be sent."""

from collections.abc import Iterable, Iterator

from tapewire.gateway.broker import AccountReport
from tapewire.virtual.direct.reports import Report


class Client:
    """One connection, and what it has still to be sent."""

    def __init__(self) -> None:
        self.client_id = -1
        self.out: list[Report] = []
        self.watches_positions = False
        self.watches_accounts = False
        self._values: dict[tuple[str, str], AccountReport] = {}

    def forget_values(self) -> None:
        """It asks for the values of accounts: all that it was sent before counts for nothing."""
        self._values = {}

    def news(self, values: Iterable[AccountReport]) -> Iterator[AccountReport]:
        """Those values that are not what it was sent last; they are taken as sent."""
        for one in values:
            key = (one.account, one.value)
            if self._values.get(key) != one:
                self._values[key] = one
                yield one


class Clients:
    """All connections. `connected` has them by their number, `serving` the newest one of each
    client id."""

    def __init__(self) -> None:
        self.connected: dict[int, Client] = {}
        self.serving: dict[int, Client] = {}

    def open(self, conn: int) -> None:
        """A gateway connected; `conn` is a number that no other open connection has."""
        self.connected[conn] = Client()

    def login(self, client: Client, client_id: int) -> None:
        """A client says who it is."""
        client.client_id = client_id
        self.serving[client_id] = client

    def close(self, conn: int) -> Client | None:
        """A connection is closed; the client that it was of, if it was open."""
        client = self.connected.pop(conn, None)
        if client is not None and self.serving.get(client.client_id) is client:
            del self.serving[client.client_id]
        return client

    def send(self, client_id: int, *reports: Report) -> None:
        """To a client, if it is connected."""
        client = self.serving.get(client_id)
        if client is not None:
            client.out += reports

    def take_output(self) -> list[tuple[int, list[Report]]]:
        """What each connection is to be sent, since the last call."""
        taken = []
        for conn, client in self.connected.items():
            if client.out:
                taken.append((conn, client.out))
                client.out = []
        return taken
