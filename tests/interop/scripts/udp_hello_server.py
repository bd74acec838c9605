"""Prints one datagram and its sender, answers nothing, and ends: PORT."""

import socket
import sys

listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
listener.bind(("", int(sys.argv[1])))
print("listening on", listener.getsockname())
text, sender = listener.recvfrom(1024)
print(text.decode(), "from", sender)
listener.close()
