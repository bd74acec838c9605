"""What a test knows of a socket it has opened."""

import os
import socket

HERE = os.getpid()


def port_of(opened: socket.socket) -> int:
    port = opened.getsockname()[1]
    assert isinstance(port, int)
    return port
