"""Anybody's model in the benchmark table: the protocol, the trainers, the table, the command."""
