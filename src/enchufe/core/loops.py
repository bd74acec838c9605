"""Which datagram sources never get an answer, so that no loop or flood can start.

Two servers that answer anything, told by a forged source address that the other has
spoken, answer each other for ever (CERT CA-1996-01). Three rules stop that:

* port 0 is no one's port (RFC 768: "if not used, a value of zero is inserted");
* the ports of the small services that answer anything (RFC 862 to 868), and every
  port we listen on ourselves, are not clients;
* our own answers carry a mark, and what carries the mark is not answered again, so
  that two of our servers go quiet whatever their ports.

The mark is a DSCP of pool 2, which RFC 2474 section 6 sets aside for local use.
"""

from collections.abc import Container

ANSWERING_PORTS = frozenset({7, 13, 17, 19, 37})
"""echo, daytime, quote of the day (RFC 865), chargen, time."""

ANSWER_MARK = 0b101011 << 2
"""The IPv4 type-of-service, or IPv6 traffic-class, byte of our answers."""


def may_answer(source_port: int, own_ports: Container[int]) -> bool:
    """Return whether a datagram from ``source_port`` may be answered.

    Args:
        source_port: the port the datagram says it comes from.
        own_ports: the ports this run listens on; whoever speaks from one of them, on
            this machine or another, is a server like ours.
    """
    return source_port != 0 and source_port not in ANSWERING_PORTS and source_port not in own_ports
