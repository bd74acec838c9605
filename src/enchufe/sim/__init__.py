"""A simulated network and clock with a seed: the world the tests and lessons use.

What `enchufe.net` does on real sockets is done here on a network that loses, delays,
cuts and resets as its seed says: the same hosts and services, the same commands. Time
passes only when something happens, so an hour takes milliseconds, and a run with the
same seed is the same run, to the last byte.

    world -> machine -> stream | datagram -> driver -> host
                           pipe, network, clock, trace
"""
