"""Reads once from each client, sends that back and closes: PORT."""

import socket
import sys

listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen(5)
print("listening on", listener.getsockname())
while True:
    connection, (host, port) = listener.accept()
    data = connection.recv(1024)
    print(f"connection from {host}:{port}")
    if data:
        connection.send(data)
    connection.close()
