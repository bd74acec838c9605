"""A simulated network and clock with a seed: the world the tests and lessons use."""
