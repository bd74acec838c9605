"""Chats over UDP, each side whenever it likes: a thread hears, the main one types.

PORT HABIT waits at a port; HOST PORT HABIT calls. The habits are those of three chats:
`answers` sends a bye for every bye it hears; `waits` sends none, and after typing one
waits to hear one; `leaves` sends one and is gone.
"""

import os
import socket
import sys
import threading

*where, habit = sys.argv[1:]
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
met = threading.Event()
friend: tuple[str, int]


def hear() -> None:
    global friend
    while True:
        heard, friend = sock.recvfrom(1024)
        met.set()
        print(heard.decode(), flush=True)
        if heard.decode() == "bye":
            if habit == "answers":
                sock.sendto(b"bye", friend)
            os._exit(0)


if len(where) == 1:
    sock.bind(("127.0.0.1", int(where[0])))
    print("listening on port", where[0], flush=True)
else:
    sock.bind(("127.0.0.1", 0))
    friend = (where[0], int(where[1]))
    met.set()
hearing = threading.Thread(target=hear, daemon=True)
hearing.start()
met.wait()
while True:
    said = input()
    sock.sendto(said.encode(), friend)
    if said == "bye":
        break
if habit == "leaves":
    os._exit(0)
hearing.join()
