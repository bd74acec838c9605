"""Answers every datagram with a text that names its sender: PORT."""

import socket
import sys

listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
listener.bind(("", int(sys.argv[1])))
print("listening on", listener.getsockname())
while True:
    data, (host, port) = listener.recvfrom(4096)
    print(data.decode("ascii"))
    listener.sendto(f"An answer for {host}.".encode(), (host, port))
