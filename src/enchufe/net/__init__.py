"""Real sockets: streams, datagrams, the driver that performs a host's commands, the door."""
