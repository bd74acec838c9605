"""Chats over TCP in lines, as many do: HOST PORT calls; a thread hears, the main one types."""

import socket
import sys
import threading

conversation = socket.create_connection((sys.argv[1], int(sys.argv[2])))
lines = conversation.makefile("rw", encoding="utf-8", newline="\n")


def hear() -> None:
    for line in lines:
        print("<", line, end="", flush=True)


threading.Thread(target=hear, daemon=True).start()
while True:
    lines.write(input() + "\n")
    lines.flush()
