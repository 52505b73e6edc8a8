"""Figures: one style, and pictures of the data."""
