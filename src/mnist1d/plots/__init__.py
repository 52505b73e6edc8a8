"""Figures: one common style, and figures of the data."""
