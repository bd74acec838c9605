"""Endpoints: every form people type, and a mark under what is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enchufe.core.endpoint import Endpoint, parse_endpoint, parse_served
from enchufe.core.errors import EndpointError
from enchufe.core.exits import ExitCode
from enchufe.core.peer import Transport

TCP, UDP, UNIX, UNIXGRAM = Transport.TCP, Transport.UDP, Transport.UNIX, Transport.UNIXGRAM

RIGHT = [
    ("tcp://localhost:3500", Endpoint(TCP, "localhost", 3500)),
    ("udp://localhost:12345", Endpoint(UDP, "localhost", 12345)),
    ("TCP://Localhost:3500", Endpoint(TCP, "Localhost", 3500)),
    ("tcp://localhost:3500/", Endpoint(TCP, "localhost", 3500)),
    ("tcp://127.0.0.1:3500", Endpoint(TCP, "127.0.0.1", 3500)),
    ("tcp://[::1]:3500", Endpoint(TCP, "::1", 3500)),
    ("udp://[fe80::1%eth0]:3500", Endpoint(UDP, "fe80::1%eth0", 3500)),
    ("tcp://[::ffff:10.0.0.1]:80", Endpoint(TCP, "::ffff:10.0.0.1", 80)),
    ("tcp://*:3500", Endpoint(TCP, "*", 3500)),
    ("tcp://:3500", Endpoint(TCP, "", 3500)),
    ("tcp://3500", Endpoint(TCP, "", 3500)),
    ("tcp://localhost 3500", Endpoint(TCP, "localhost", 3500)),
    ("tls://localhost:7443", Endpoint(Transport.TLS, "localhost", 7443)),
    ("ayudantia://:1238", Endpoint(Transport.AYUDANTIA, "", 1238)),
    ("unix://./chat.sock", Endpoint(UNIX, path="./chat.sock")),
    ("unix:///tmp/a b:c.sock", Endpoint(UNIX, path="/tmp/a b:c.sock")),
    ("unixgram://s", Endpoint(UNIXGRAM, path="s")),
    (":3500", Endpoint(TCP, "", 3500)),
    ("3500", Endpoint(TCP, "", 3500)),
    ("*:3500", Endpoint(TCP, "*", 3500)),
    ("* 3500", Endpoint(TCP, "*", 3500)),
    ("localhost:3500", Endpoint(TCP, "localhost", 3500)),
    ("localhost 3500", Endpoint(TCP, "localhost", 3500)),
    ("localhost: 3500", Endpoint(TCP, "localhost", 3500)),
    ("localhost   3500", Endpoint(TCP, "localhost", 3500)),
    ("[::1]:3500", Endpoint(TCP, "::1", 3500)),
    ("[::1] 3500", Endpoint(TCP, "::1", 3500)),
    ("1.example.org:80", Endpoint(TCP, "1.example.org", 80)),
    ("localhost:0", Endpoint(TCP, "localhost", 0)),
    ("localhost:65535", Endpoint(TCP, "localhost", 65_535)),
    ("localhost:00080", Endpoint(TCP, "localhost", 80)),
]

WRONG = [
    # what is typed, the same with a mark under the part at fault, a word of the message
    ("tpc://localhost:3500", "^^^                 ", "“tpc” is not a transport"),
    ("http://localhost:80", "^^^^               ", "“http” is not a transport"),
    ("://localhost:80", "^              ", "is not a transport"),
    ("tcp://localhost:70000", "                ^^^^^", "not “70000”"),
    ("tcp://localhost:65536", "                ^^^^^", "from 0 to 65535"),
    ("localhost:-1", "          ^^", "not “-1”"),
    ("localhost:3.5", "          ^^^", "not “3.5”"),
    ("localhost:http", "          ^^^^", "not “http”"),
    ("localhost:٣٥٠٠", "          ^^^^", "not “٣٥٠٠”"),
    ("localhost:9" + "9" * 50, "          " + "^" * 51, "must be a number"),
    ("99999", "^^^^^", "must be a number"),
    ("tcp://localhost", "               ^", "the port is missing"),
    ("localhost:", "          ^", "the port is missing"),
    ("localhost: ", "           ^", "the port is missing"),
    ("", "^", "the port is missing"),
    ("tcp://", "      ^", "the port is missing"),
    ("[::1]", "     ^", "the port is missing"),
    ("[::1]3500", "         ^", "the port is missing"),
    ("tcp://[::1", "      ^^^^", "bracket"),
    ("[:3500", "^^^^^^", "bracket"),
    ("[]:3500", " ^     ", "“” is not an IPv6 address"),
    ("[localhost]:3500", " ^^^^^^^^^      ", "“localhost” is not an IPv6 address"),
    ("[::g]:3500", " ^^^      ", "“::g” is not an IPv6 address"),
    ("::1:3500", "^^^^^^^^", "goes in brackets"),
    ("tcp://fe80::1:3500", "      ^^^^^^^^^^^^", "goes in brackets"),
    ("::1 3500", "^^^^^^^^", "goes in brackets"),
    ("udp://fe80::1 3500", "      ^^^^^^^^^^^^", "goes in brackets"),
    ("300.1.2.3:80", "^^^^^^^^^   ", "“300.1.2.3” is not an IPv4 address"),
    ("tcp://1.2.3:80", "      ^^^^^   ", "“1.2.3” is not an IPv4 address"),
    ("localhost x 3500", "          ^^^^^^", "not “x 3500”"),
    ("localhost:80 3500", "          ^^^^^^^", "not “80 3500”"),
    (" localhost:3500", " ^^^^^^^^^^^^^^", "not “localhost:3500”"),
    ("unix://", "       ^", "needs a path"),
    ("unixgram://", "           ^", "needs a path"),
]


@pytest.mark.parametrize(("text", "endpoint"), RIGHT)
def test_every_form_people_type_is_understood(text: str, endpoint: Endpoint) -> None:
    assert parse_endpoint(text) == endpoint


@pytest.mark.parametrize(("text", "mark", "words"), WRONG)
def test_an_error_names_what_is_wrong_and_marks_it(text: str, mark: str, words: str) -> None:
    with pytest.raises(EndpointError) as caught:
        parse_endpoint(text)
    error = caught.value
    assert " " * error.start + "^" * (error.end - error.start) == mark.rstrip()
    assert words in str(error)
    assert error.text.startswith(text)
    assert error.hint.format(**error.fields)
    assert error.exit_code is ExitCode.USAGE


def test_a_near_miss_is_told_what_was_meant() -> None:
    with pytest.raises(EndpointError) as caught:
        parse_endpoint("tpc://localhost:3500")
    assert caught.value.hint.format(**caught.value.fields) == "Did you mean tcp://?"


@pytest.mark.parametrize("transport", [TCP, UDP])
def test_a_form_without_a_transport_takes_the_default(transport: Transport) -> None:
    assert parse_endpoint("localhost:1", transport) == Endpoint(transport, "localhost", 1)
    assert parse_endpoint("tcp://localhost:1", transport).transport is TCP


def test_a_host_that_is_not_given_is_shown_as_localhost() -> None:
    assert Endpoint(TCP, "", 1).shown_host == "localhost"
    assert Endpoint(TCP, "*", 1).shown_host == "*"


@pytest.mark.parametrize(("_text", "endpoint"), RIGHT)
def test_an_endpoint_written_out_is_itself_again(_text: str, endpoint: Endpoint) -> None:
    assert parse_endpoint(str(endpoint)) == endpoint


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        (Endpoint(TCP, "::1", 80), "tcp://[::1]:80"),
        (Endpoint(UDP, "localhost", 0), "udp://localhost:0"),
        (Endpoint(TCP), "tcp://:0"),
        (Endpoint(UNIX, path="./s"), "unix://./s"),
    ],
)
def test_an_endpoint_is_written_as_a_url(endpoint: Endpoint, url: str) -> None:
    assert str(endpoint) == url


@pytest.mark.parametrize(
    ("text", "name", "endpoint"),
    [
        ("echo", "echo", None),
        ("echo@:3500", "echo", Endpoint(TCP, "", 3500)),
        ("hello@udp://[::1]:12345", "hello", Endpoint(UDP, "::1", 12345)),
        ("@3500", "", Endpoint(TCP, "", 3500)),
        ("echo@unix://a@b", "echo", Endpoint(UNIX, path="a@b")),
    ],
)
def test_a_served_endpoint_is_a_name_and_where(
    text: str, name: str, endpoint: Endpoint | None
) -> None:
    assert parse_served(text) == (name, endpoint)


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("echo@tcp://localhost:70000", "                     ^^^^^"),
        ("echo@tpc://localhost:1", "     ^^^"),
        ("echo@", "     ^"),
        ("echo@localhost", "              ^"),
    ],
)
def test_the_mark_is_under_the_whole_of_what_was_typed(text: str, mark: str) -> None:
    with pytest.raises(EndpointError) as caught:
        parse_served(text)
    error = caught.value
    assert " " * error.start + "^" * (error.end - error.start) == mark
    assert error.text == text


@given(st.text(max_size=40) | st.text("tcpudp://[]:. @*0123456789ax", max_size=40))
def test_any_text_is_an_endpoint_or_an_error_that_marks_a_part_of_it(text: str) -> None:
    outcome = endpoint_or_error(text)
    if isinstance(outcome, EndpointError):
        assert 0 <= outcome.start < outcome.end <= len(text) + 1
        assert str(outcome)
    else:
        assert 0 <= outcome.port <= 65_535
        assert parse_endpoint(str(outcome)) == outcome


def endpoint_or_error(text: str) -> Endpoint | EndpointError:
    try:
        return parse_endpoint(text)
    except EndpointError as error:
        return error


@given(st.integers(0, 65_535), st.ip_addresses(), st.sampled_from([TCP, UDP]))
def test_every_address_and_port_can_be_written(
    port: int, address: object, transport: Transport
) -> None:
    endpoint = Endpoint(transport, str(address), port)
    assert parse_endpoint(str(endpoint)) == endpoint
