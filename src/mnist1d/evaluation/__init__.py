"""Evaluate any model by the benchmark's protocol: trainers, scores and the table."""
