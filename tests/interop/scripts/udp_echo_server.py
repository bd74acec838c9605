"""Sends every datagram that is not empty back to its sender: PORT."""

import socket
import sys

listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
listener.bind(("127.0.0.1", int(sys.argv[1])))
print("listening on", listener.getsockname())
while True:
    data, sender = listener.recvfrom(1024)
    print(f"datagram from {sender[0]}:{sender[1]}")
    if data:
        listener.sendto(data, sender)
