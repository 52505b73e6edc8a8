"""What the commands do; each function returns the exit status."""
