"""Chats by turns over UDP, this side first; `bye` from either ends it: HOST PORT."""

import socket
import sys

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    said = heard = ""
    while True:
        said = input()
        sock.sendto(said.encode(), (sys.argv[1], int(sys.argv[2])))
        if said == "bye":
            break
        heard = sock.recvfrom(1024)[0].decode()
        print(heard, flush=True)
        if heard == "bye":
            break
