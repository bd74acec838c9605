"""The course's cachipún without its pictures: a window's reader, faults and all.

PORT MOVE...: each move is sent once the result of the one before it is heard. The four bytes
of a header are taken by one `recv`, and the rest by another, whatever comes.
"""

import json
import socket
import sys

server = socket.create_connection(("localhost", int(sys.argv[1])))
for move in sys.argv[2:]:
    message = json.dumps({"status": "eleccion", "data": move}).encode()
    server.sendall(len(message).to_bytes(4, "big") + message)
    length = int.from_bytes(server.recv(4), "big")
    result = json.loads(server.recv(length).decode())
    data = result["data"]
    print(data["eleccion_1"], data["eleccion_2"], data["res"], flush=True)
