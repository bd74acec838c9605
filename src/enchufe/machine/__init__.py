"""What the machine itself tells: its sockets, who holds them, how many one may have."""
