"""With ``--buffer 16`` both sides print what the guides' programs print, line for line.

The English lines are the transcript of ``seeds/004``. Its message has two spaces after
the first stop, which decides where the reads of sixteen bytes fall; the blank lines
between the server's lines are the page's layout. The Spanish lines are what the
programs of ``seeds/003`` print. Only ports differ.
"""

import re
import socket

import pytest
from tests.interop.programs import (
    ENCHUFE,
    OurServer,
    connect,
    run,
    run_script,
    running,
    script,
    serving,
)
from tests.ports import free_port

MESSAGE = "This is the message.  It will be repeated."
PIECES = ["This is the mess", "age.  It will be", " repeated."]
SERVER_IN_ENGLISH = """\
starting up on localhost port {port}
waiting for a connection
connection from ('127.0.0.1', {client})
received "This is the mess"
sending data back to the client
received "age.  It will be"
sending data back to the client
received " repeated."
sending data back to the client
received ""
no more data from ('127.0.0.1', {client})
waiting for a connection
"""
CLIENT_IN_ENGLISH = """\
connecting to localhost port {port}
sending "This is the message.  It will be repeated."
received "This is the mess"
received "age.  It will be"
received " repeated."
closing socket
"""


def with_ports(lines: str, server: OurServer) -> str:
    """Fill in the ports: the server's as it says, the client's as its transcript says."""
    client = re.search(r"\('127\.0\.0\.1', (\d+)\)", server.output)
    assert client is not None, server.output
    return lines.format(port=server.port(), client=client[1])


@pytest.mark.parametrize("repetition", range(5))
def test_both_sides_print_the_english_transcript(repetition: int) -> None:
    words = ("echo@tcp://localhost:0", "--buffer", "16", "--lang", "en")
    with serving(*words, ready="waiting for a connection") as server:
        url = f"tcp://localhost:{server.port()}"
        client = connect(url, "--send", MESSAGE, "--buffer", "16", "--lang", "en")
        server.wait_for(r"(?s)no more data.*waiting for a connection\n")
        assert client.stdout.decode() == CLIENT_IN_ENGLISH.format(port=server.port())
        assert server.output == with_ports(SERVER_IN_ENGLISH, server)
        assert (client.returncode, client.stderr, server.errors) == (0, b"", "")


def test_the_server_prints_the_english_transcript_for_a_script_that_just_closes() -> None:
    """The script does not half-close: it reads as much as it sent, and leaves."""
    words = ("echo@tcp://localhost:0", "--buffer", "16", "--lang", "en")
    with serving(*words, ready="waiting for a connection") as server:
        printed = run_script("tcp_echo_client", "localhost", server.port(), MESSAGE)
        server.wait_for(r"(?s)no more data.*waiting for a connection\n")
        assert printed == CLIENT_IN_ENGLISH.format(port=server.port())
        assert server.output == with_ports(SERVER_IN_ENGLISH, server)


def test_the_client_prints_the_english_transcript_with_a_script_as_server() -> None:
    with script("tcp_echo_server") as (program, port):
        url = f"tcp://localhost:{port}"
        client = connect(url, "--send", MESSAGE, "--buffer", "16", "--lang", "en")
        assert client.stdout.decode() == CLIENT_IN_ENGLISH.format(port=port)
        assert 'received "age.  It will be"\nreceived " repeated."\n' in program.output


def test_a_second_conversation_continues_the_transcript() -> None:
    words = ("echo@tcp://localhost:0", "--buffer", "16", "--lang", "en")
    with serving(*words, ready="waiting for a connection") as server:
        for _ in range(2):
            run_script("tcp_echo_client", "localhost", server.port(), MESSAGE)
        server.wait_for(r"(?s)(no more data.*){2}waiting for a connection\n")
        assert server.output.count('received "age.  It will be"') == 2
        assert server.output.count("waiting for a connection") == 3


def test_the_server_over_tcp_prints_the_spanish_lines() -> None:
    words = ("echo@tcp://127.0.0.1:0", "--buffer", "1024", "--lang", "es")
    with serving(*words, ready="escuchando en") as server, socket.socket() as client:
        client.settimeout(10)
        client.connect(("127.0.0.1", server.port()))
        client.sendall(b"Hola Mundo!")
        assert client.recv(1024) == b"Hola Mundo!"
        client.close()
        server.wait_for("Recibi: ")
        client_port = re.search(r"desde: 127\.0\.0\.1:(\d+)", server.output)
        assert client_port is not None
        assert server.output.splitlines() == [
            f"Socket creado, escuchando en 127.0.0.1:{server.port()}",
            f"Conexion desde: 127.0.0.1:{client_port[1]}",
            "Recibi: Hola Mundo!",
        ]


def test_the_server_over_udp_prints_the_spanish_lines() -> None:
    words = ("echo@udp://localhost:0", "--buffer", "1024", "--lang", "es")
    with serving(*words, ready="Esperando clientes") as server:
        text = "TyR: Echo sobre UDP"
        printed = run_script("udp_echo_client", "localhost", server.port("udp"), text)
        assert printed == f"--> {text}\n"
        server.wait_for(r"(?s)Esperando.*Esperando clientes\.\.\.\n")
        client_port = re.search(r"desde: 127\.0\.0\.1:(\d+)", server.output)
        assert client_port is not None
        assert server.output.splitlines() == [
            f"Socket creado, escuchando en localhost:{server.port('udp')}",
            "Esperando clientes...",
            f"Conexion desde: 127.0.0.1:{client_port[1]}",
            f"Recibi: {text}",
            "Esperando clientes...",
        ]


def test_the_client_over_udp_prints_the_spanish_line() -> None:
    with script("udp_echo_server") as (_program, port):
        words = ("--send", "TyR: Echo sobre UDP", "--buffer", "1024", "--lang", "es")
        client = connect(f"udp://localhost:{port}", *words)
    assert client.stdout.decode() == "--> TyR: Echo sobre UDP\n"
    assert (client.returncode, client.stderr) == (0, b"")


def test_the_client_over_tcp_prints_the_spanish_line() -> None:
    """Two spaces, as the guide's program prints: its text ends with one, print adds one."""
    with script("tcp_echo_once_server") as (_program, port):
        words = ("--send", "Hola Mundo!", "--buffer", "1024", "--lang", "es")
        client = connect(f"tcp://127.0.0.1:{port}", *words)
    assert client.stdout.decode() == "Recibido:  Hola Mundo!\n"
    assert (client.returncode, client.stderr) == (0, b"")


def test_both_sides_print_spanish_lines_for_reads_of_sixteen_bytes() -> None:
    words = ("echo@tcp://localhost:0", "--buffer", "16", "--lang", "es")
    with serving(*words, ready="escuchando en") as server:
        url = f"tcp://localhost:{server.port()}"
        client = connect(url, "--send", MESSAGE, "--buffer", "16", "--lang", "es")
        server.wait_for(r"Recibi:  repeated\.\n")
        assert client.stdout.decode().splitlines() == [f"Recibido:  {each}" for each in PIECES]
        told = [line for line in server.output.splitlines() if line.startswith("Recibi")]
        assert told == [f"Recibi: {each}" for each in PIECES]


def test_a_datagram_longer_than_the_buffer_is_cut_and_both_sides_say_so() -> None:
    words = ("echo@udp://localhost:0", "--buffer", "16", "--lang", "en")
    with serving(*words, ready="waiting for a datagram") as server:
        url = f"udp://localhost:{server.port('udp')}"
        short = connect(url, "--send", MESSAGE, "--lang", "en")
        assert short.stdout == b"This is the mess\n"
        server.wait_for("longer than the buffer: 16 B kept")
    with serving("echo@udp://localhost:0") as server:
        url = f"udp://localhost:{server.port('udp')}"
        client = connect(url, "--send", MESSAGE, "--buffer", "16", "--lang", "en")
        assert 'received "This is the mess"\n' in client.stdout.decode()
        assert "longer than the buffer: 16 B kept" in client.stderr.decode()


# That the reads really are of sixteen bytes, as the system sees them

LIMITS = ("--buffer", "16", "--stop-after", "1")
STRACE = ("strace", "-f", "-s", "64", "-e", "trace=read,recvfrom,recvmsg,recvmmsg,recvmmsg_time64")


def reads_of_the_message(trace: str) -> list[tuple[str, int, int]]:
    """Return text, room and result of each read of a stream that brought some of the message."""
    found = re.findall(r'(?:read|recvfrom)\(\d+, "(.*)", (\d+).*\) += (\d+)', trace)
    return [(text, int(room), int(got)) for text, room, got in found if text in PIECES]


def test_both_sides_really_read_sixteen_bytes_at_a_time() -> None:
    expected = [(piece, 16, len(piece)) for piece in PIECES]
    port = free_port()
    server = (ENCHUFE, "serve", f"echo@tcp://127.0.0.1:{port}", *LIMITS)
    client = (ENCHUFE, "connect", f"tcp://127.0.0.1:{port}", "--send", MESSAGE, "--buffer", "16")
    with running(*STRACE, *server, ready="waiting for a connection") as traced:
        ended = run(*STRACE, *client)
        assert traced.wait() == 0
        assert reads_of_the_message(traced.errors) == expected
    assert reads_of_the_message(ended.stderr.decode()) == expected


def test_a_server_over_udp_really_reads_sixteen_bytes_of_a_datagram() -> None:
    port = free_port()
    words = (ENCHUFE, "serve", f"echo@udp://127.0.0.1:{port}", *LIMITS)
    with running(*STRACE, *words, ready="waiting for a datagram") as traced:
        run_script("udp_echo_client", "127.0.0.1", port, MESSAGE)
        assert traced.wait() == 0
        (read,) = (line for line in traced.errors.splitlines() if '"This is the mess"' in line)
        assert re.search(r"iov_len=16\b", read)
