"""Chats by turns over UDP, the other side first; `bye` from either ends it: PORT."""

import socket
import sys

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    sock.bind(("127.0.0.1", int(sys.argv[1])))
    print("listening on port", sys.argv[1], flush=True)
    while True:
        heard, friend = sock.recvfrom(1024)
        print(heard.decode(), "from", friend, flush=True)
        if heard.decode() == "bye":
            break
        said = input()
        sock.sendto(said.encode(), friend)
        if said == "bye":
            break
