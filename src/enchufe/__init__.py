"""Enchufe: run programs that talk over sockets, talk through them, see, break and check them.

What is said is kept apart from how it travels. A *service* is told what happened (an
event) and answers what to do (commands); it never sees a socket, a thread or a clock.
A *host* joins one service to its peers. A *driver* performs the commands: on real
sockets in `enchufe.net`, on a simulated network in `enchufe.sim`.

    cli -> clients -> net | record | sim -> host -> services | wire | faults -> core

Arrows point at what a room may import; everything from `host` on is pure.
"""

__version__ = "0.1.0"
