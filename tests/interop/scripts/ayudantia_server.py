"""The course's cachipún: two players, round after round, without end and without score.

PORT. A second move before the round ends is ignored, and a player who leaves is not noticed.
"""

import json
import socket
import sys
import threading

WINS = {("papel", "piedra"), ("piedra", "tijera"), ("tijera", "papel")}
players: list[socket.socket] = []
moves: dict[int, str] = {}
lock = threading.Lock()


def result(own: str, other: str) -> str:
    return "Empate" if own == other else "Gana" if (own, other) in WINS else "Pierde"


def tell(player: socket.socket, own: str, other: str) -> None:
    data = {"eleccion_1": own, "eleccion_2": other, "res": result(own, other)}
    message = json.dumps({"status": "result", "data": data}).encode()
    player.sendall(len(message).to_bytes(4, "big") + message)


def hear(number: int) -> None:
    while header := players[number].recv(4):
        message = json.loads(players[number].recv(int.from_bytes(header, "big")))
        with lock:
            moves.setdefault(number, message["data"])
            if len(moves) == 2:
                tell(players[0], moves[0], moves[1])
                tell(players[1], moves[1], moves[0])
                moves.clear()


listener = socket.create_server(("localhost", int(sys.argv[1])))
print("listening on port", sys.argv[1], flush=True)
while len(players) < 2:
    players.append(listener.accept()[0])
    threading.Thread(target=hear, args=(len(players) - 1,), daemon=True).start()
threading.Event().wait()
