"""Programs that run for a peer: started, fed, heard, and killed with all their children."""
