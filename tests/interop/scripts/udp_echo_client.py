"""Sends one datagram and prints what comes back after an arrow: HOST PORT TEXT."""

import socket
import sys

host, port, text = sys.argv[1], int(sys.argv[2]), sys.argv[3]
speaker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
speaker.settimeout(10)
speaker.sendto(text.encode(), (host, port))
echo, _answerer = speaker.recvfrom(1024)
speaker.close()
print("-->", echo.decode())
