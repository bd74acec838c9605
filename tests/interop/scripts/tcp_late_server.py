"""Reads to the end, waits so many seconds, then answers: PORT SECONDS."""

import socket
import sys
import time

listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen()
print("listening on", listener.getsockname())
connection, _client = listener.accept()
total = 0
while data := connection.recv(4096):
    total += len(data)
time.sleep(float(sys.argv[2]))
connection.sendall(f"{total} bytes, and sorry for the delay\n".encode())
connection.close()
listener.close()
