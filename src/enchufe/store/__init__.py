"""What survives a run, on disk."""
