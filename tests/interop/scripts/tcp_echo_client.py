"""Sends a text and reads its echo sixteen bytes at a time: HOST PORT TEXT."""

import socket
import sys

host, port, text = sys.argv[1], int(sys.argv[2]), sys.argv[3]
connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
connection.settimeout(10)
print(f"connecting to {host} port {port}")
connection.connect((host, port))
print(f'sending "{text}"')
message = text.encode()
connection.sendall(message)
received = 0
while received < len(message):
    piece = connection.recv(16)
    if not piece:
        sys.exit("the server closed before everything came back")
    received += len(piece)
    print(f'received "{piece.decode()}"')
print("closing socket")
connection.close()
