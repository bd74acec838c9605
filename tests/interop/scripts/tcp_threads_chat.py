"""Chats over TCP as many do: no end of line, and what one `recv` brings is a message.

PORT waits at a port; HOST PORT calls.
"""

import os
import socket
import sys
import threading


def hear(conversation: socket.socket) -> None:
    while True:
        heard = conversation.recv(1024).decode()
        print(heard, flush=True)
        if heard in ("", "bye"):
            os._exit(0)


if len(sys.argv) == 2:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(sys.argv[1])))
    listener.listen(1)
    print("listening on port", sys.argv[1], flush=True)
    conversation, _ = listener.accept()
else:
    conversation = socket.create_connection((sys.argv[1], int(sys.argv[2])))
threading.Thread(target=hear, args=(conversation,), daemon=True).start()
while True:
    said = input()
    conversation.send(said.encode())
    if said == "bye":
        break
conversation.close()
