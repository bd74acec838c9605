"""History: what was said in a room, kept in memory or in a file that survives.

Both keep the same promise about order, which lets a room take in a newcomer between two
lines: when `Recalled` comes, its lines are exactly those of which `Remembered` came before.
"""
