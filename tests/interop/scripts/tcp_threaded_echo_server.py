"""Echoes every client in a thread of its own, until it has finished: PORT."""

import socket
import sys
import threading


def echo(connection: socket.socket) -> None:
    while True:
        data = connection.recv(65536)
        if not data:
            break
        connection.sendall(data)
    connection.close()


listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen()
print("listening on", listener.getsockname())
while True:
    client, _address = listener.accept()
    threading.Thread(target=echo, args=(client,), daemon=True).start()
