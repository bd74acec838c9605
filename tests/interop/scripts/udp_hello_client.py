"""Says hello over UDP and does not wait for an answer: HOST PORT."""

import socket
import sys

host, port = sys.argv[1], int(sys.argv[2])
speaker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
speaker.sendto(b"hello", (host, port))
speaker.close()
