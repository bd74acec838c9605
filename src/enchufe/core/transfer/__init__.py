"""Transfers: one side of files that travel in frames, for any service to take in.

A service makes an `enchufe.core.transfer.outgoing.Outgoing` for each peer it sends to and
one `enchufe.core.transfer.incoming.Incoming` for all it receives from, hands them every
event, and says what they answer.
"""
