"""Greets so many clients, closing on each at once, and ends: PORT COUNT."""

import socket
import sys

listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen()
print("listening on", listener.getsockname())
for _ in range(int(sys.argv[2])):
    connection, client = listener.accept()
    print("connection accepted from", client)
    connection.sendall(b"Thanks for coming\n")
    connection.close()
listener.close()
