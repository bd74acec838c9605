"""Connects, prints what one read brings, and leaves: HOST PORT."""

import socket
import sys

connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
connection.settimeout(10)
connection.connect((sys.argv[1], int(sys.argv[2])))
print(connection.recv(4096).decode())
connection.close()
