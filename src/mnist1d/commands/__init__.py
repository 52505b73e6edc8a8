"""The implementation of the commands; each function returns the exit status."""
