"""Echoes one client after another, sixteen bytes at a time, until each has finished: PORT."""

import socket
import sys

listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("localhost", int(sys.argv[1])))
listener.listen(1)
print("listening on", listener.getsockname())
while True:
    connection, client = listener.accept()
    print("connection from", client)
    while True:
        piece = connection.recv(16)
        print(f'received "{piece.decode()}"')
        if not piece:
            break
        connection.sendall(piece)
    connection.close()
