"""Pure faults of a network: one fault, one file."""
