"""Pure faults of a network: one fault, one file.

A fault decides, by chance, what becomes of a datagram or of a piece of a stream under
way; it has no clock and sends nothing. Whoever carries the bytes asks it and obeys.
"""
