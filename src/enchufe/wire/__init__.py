"""Pure wires: how bytes become messages and back, one file each."""
