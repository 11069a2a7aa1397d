"""The adapter for the ProjectX Gateway: REST and SignalR, by its Python client in a process of its
own."""
