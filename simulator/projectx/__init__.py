"""A ProjectX Gateway before the simulated exchange: its REST endpoints and its two SignalR hubs."""
