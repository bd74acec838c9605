"""Says hello over UDP, then prints the answer and who gave it: HOST PORT."""

import socket
import sys

host, port = sys.argv[1], int(sys.argv[2])
speaker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
speaker.settimeout(10)
speaker.sendto(b"hello", (host, port))
answer, answerer = speaker.recvfrom(1024)
print(answer.decode(), "from", answerer)
speaker.close()
