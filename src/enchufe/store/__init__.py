"""What survives a run: what was said in a room, and files that were sent.

Histories, in memory or in a file, keep the same promise about order, which lets a room take
in a newcomer between two lines: when `Recalled` comes, its lines are exactly those of which
`Remembered` came before.
"""
