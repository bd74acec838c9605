"""What happened, kept or passed on in forms that programs read."""
