"""Reads some bytes, sends some, and breaks the connection off with a reset: PORT."""

import socket
import struct
import sys

listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen()
print("listening on", listener.getsockname())
while True:
    connection, _client = listener.accept()
    connection.recv(16)
    connection.sendall(b"and then ")
    connection.recv(16)
    # Closing with no time to linger sends a reset instead of a last farewell (socket(7)).
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
